package policy

import "strings"

// Placeholders are directories of a user that no machine has, for tools whose answers must be
// the same on every machine: of the variables that the core sets by itself, and of more names,
// such as "$PROJECTS" or "PROJECTS", that an app sets. None lies in another but for $APPDATA,
// which on most systems is in the home folder. platform is a GOOS name.
func Placeholders(platform string, more ...string) map[string]string {
	home, data, other := "/home/user", "/home/user/.local/share", "/placeholder/"
	switch platform {
	case "windows":
		home, data, other = `C:\Users\user`, `C:\Users\user\AppData\Roaming`, `P:\`
	case "darwin", "ios":
		home, data = "/Users/user", "/Users/user/Library/Application Support"
	}
	variables := map[string]string{"$HOME": home, "$APPDATA": data}
	for _, name := range more {
		name = strings.TrimPrefix(name, "$")
		if _, ok := variables["$"+name]; !ok {
			variables["$"+name] = other + strings.ToLower(name)
		}
	}
	return variables
}
