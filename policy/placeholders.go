package policy

import "strings"

// Placeholders are directories of a user that no machine has, for tools whose answers must be
// the same on every machine: of the variables that the core sets by itself, and of more names,
// such as "$PROJECTS" or "PROJECTS", that an app sets. None lies in another but for those
// that on most systems are in the home folder. platform is a GOOS name.
func Placeholders(platform string, more ...string) map[string]string {
	home, inHome, other := "/home/user", "/", "/placeholder/"
	data, config, cache := "/.local/share", "/.config", "/.cache"
	switch platform {
	case "windows":
		home, inHome, other = `C:\Users\user`, `\`, `P:\`
		data, config, cache = `\AppData\Roaming`, `\AppData\Local`, `\AppData\Local\cache`
	case "darwin", "ios":
		home = "/Users/user"
		data, config, cache = "/Library/Application Support", "/Library/Preferences", "/Library/Caches"
	}
	variables := map[string]string{"$HOME": home, "$APPDATA": home + data, "$CONFIG": home + config, "$CACHE": home + cache}
	for name, folder := range map[string]string{
		"$AUDIO": "Music", "$DESKTOP": "Desktop", "$DOCUMENT": "Documents", "$DOWNLOAD": "Downloads",
		"$PICTURE": "Pictures", "$PUBLIC": "Public", "$VIDEO": "Videos",
	} {
		variables[name] = home + inHome + folder
	}
	for _, name := range append([]string{"RUNTIME", "TEMP"}, more...) {
		name = strings.TrimPrefix(name, "$")
		if _, ok := variables["$"+name]; !ok {
			variables["$"+name] = other + strings.ToLower(name)
		}
	}
	return variables
}
