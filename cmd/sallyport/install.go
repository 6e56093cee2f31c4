package main

// install is the command that installs a program on this machine, or the page
// to get it from where no package manager is known.
func (m machine) install(program string) string {
	type manager struct{ program, command string }
	managers := []manager{
		{"apt-get", m.asRoot("apt-get install -y ")},
		{"dnf", m.asRoot("dnf install -y ")},
		{"pacman", m.asRoot("pacman -S --noconfirm ")},
		{"zypper", m.asRoot("zypper install -y ")},
		{"apk", m.asRoot("apk add ")},
	}
	switch m.goos {
	case "darwin":
		managers = []manager{{"brew", "brew install "}}
	case "windows":
		managers = []manager{{"winget", "winget install "}}
	}
	for _, p := range managers {
		if _, err := m.lookPath(p.program); err == nil {
			return p.command + packageName(p.program, program)
		}
	}
	return "open " + homepage(program)
}

// packageName is what a package manager calls a program.
func packageName(manager, program string) string {
	switch manager + " " + program {
	case "apt-get firefox":
		return "firefox-esr" // Debian; Ubuntu's is found below /snap once installed
	case "apt-get go":
		return "golang-go"
	case "dnf go":
		return "golang"
	case "apt-get node", "dnf node", "pacman node", "apk node":
		return "nodejs npm"
	case "zypper node":
		return "nodejs-default"
	case "brew chromium":
		return "--cask google-chrome" // Homebrew's chromium is not signed
	case "brew firefox":
		return "--cask firefox"
	case "zypper firefox":
		return "MozillaFirefox"
	case "winget chromium":
		return "Google.Chrome"
	case "winget firefox":
		return "Mozilla.Firefox"
	case "winget go":
		return "GoLang.Go"
	case "winget node":
		return "OpenJS.NodeJS.LTS"
	}
	return program
}

func homepage(program string) string {
	switch program {
	case "go":
		return "https://go.dev/dl/"
	case "node":
		return "https://nodejs.org/"
	case "firefox":
		return "https://www.firefox.com/"
	}
	return "https://www.chromium.org/getting-involved/download-chromium/"
}

// lookAtLoopback is the command that shows what is wrong with loopback.
func (m machine) lookAtLoopback() string {
	switch m.goos {
	case "linux":
		return "ip address show dev lo; ss -ltnp"
	case "windows":
		return "netstat -ano -p tcp"
	}
	return "ifconfig lo0; netstat -an -p tcp"
}

func (m machine) asRoot(command string) string {
	if m.root || m.goos == "windows" {
		return command
	}
	return "sudo " + command
}
