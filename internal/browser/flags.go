package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options say how a browser is started. The zero value is a window of the
// browser's own size.
type Options struct {
	Headless      bool     // without a window
	Width, Height int      // of the window in CSS pixels; zero leaves it to the browser
	Env           []string // more of the environment, as KEY=value

	// DevTools lets this program drive and examine Chromium through
	// Process.DevTools. Firefox has nothing of the kind: Open fails.
	DevTools bool
}

// arguments are those of one start with its private folder; page is the path
// of the launch file in it.
func (b Browser) arguments(folder, page string, o Options, root bool) []string {
	profile := filepath.Join(folder, "profile")
	if b.Name == Firefox {
		args := []string{"--no-remote", "--new-instance", "--profile", profile}
		if o.Headless {
			args = append(args, "--headless")
		}
		if o.Width > 0 && o.Height > 0 {
			args = append(args, "--width", fmt.Sprint(o.Width), "--height", fmt.Sprint(o.Height))
		}
		return append(args, fileURL(page))
	}
	args := []string{
		"--user-data-dir=" + profile,
		"--no-first-run",
		"--no-default-browser-check",
		"--disable-background-networking",
		"--disable-breakpad",
		"--disable-component-update",
		"--disable-default-apps",
		"--disable-domain-reliability",
		"--disable-extensions",
		"--disable-popup-blocking", // a page that runs by itself has no click to show for its windows
		"--disable-quic",
		"--disable-sync",
		"--metrics-recording-only",
		"--password-store=basic",
		"--use-mock-keychain",
	}
	if o.Headless {
		// Containers often give /dev/shm 64 MiB, on which a renderer dies.
		args = append(args, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio")
	}
	if root {
		// Chromium refuses to start as root with its sandbox. Without it
		// nothing of ours changes, but a renderer's bug has root at once, so
		// it is never given to anybody else.
		args = append(args, "--no-sandbox")
	}
	if o.DevTools {
		args = append(args, "--remote-debugging-pipe")
	}
	if o.Width > 0 && o.Height > 0 {
		args = append(args, fmt.Sprintf("--window-size=%d,%d", o.Width, o.Height))
	}
	return append(args, fileURL(page))
}

// userJS switches off what Firefox does of its own accord at a first start:
// welcome pages, telemetry, studies, updates, and every look-up that would
// leave the machine. It also lets a page open windows without a click, as the
// flags do for Chromium.
const userJS = `user_pref("app.normandy.enabled", false);
user_pref("app.normandy.first_run", false);
user_pref("app.shield.optoutstudies.enabled", false);
user_pref("app.update.auto", false);
user_pref("app.update.disabledForTesting", true);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.cache.disk.enable", false);
user_pref("browser.contentblocking.introCount", 99);
user_pref("browser.discovery.enabled", false);
user_pref("browser.formfill.enable", false);
user_pref("browser.messaging-system.whatsNewPanel.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.newtabpage.activity-stream.feeds.system.topsites", false);
user_pref("browser.newtabpage.activity-stream.telemetry", false);
user_pref("browser.ping-centre.telemetry", false);
user_pref("browser.region.network.url", "");
user_pref("browser.region.update.enabled", false);
user_pref("browser.safebrowsing.blockedURIs.enabled", false);
user_pref("browser.safebrowsing.downloads.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.sessionstore.resume_from_crash", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage", "about:blank");
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.startup.page", 0);
user_pref("browser.tabs.warnOnClose", false);
user_pref("browser.topsites.contile.enabled", false);
user_pref("browser.uitour.enabled", false);
user_pref("browser.urlbar.quicksuggest.enabled", false);
user_pref("browser.warnOnQuit", false);
user_pref("captivedetect.canonicalURL", "");
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("dom.disable_open_during_load", false);
user_pref("dom.push.connection.enabled", false);
user_pref("dom.push.enabled", false);
user_pref("extensions.autoDisableScopes", 15);
user_pref("extensions.blocklist.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("geo.enabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("media.gmp-manager.url", "");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.prefetch-next", false);
user_pref("network.predictor.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("nimbus.rollouts.enabled", false);
user_pref("security.certerrors.mitm.priming.enabled", false);
user_pref("security.remote_settings.crlite_filters.enabled", false);
user_pref("security.remote_settings.intermediates.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("signon.rememberSignons", false);
user_pref("startup.homepage_welcome_url", "");
user_pref("startup.homepage_welcome_url.additional", "");
user_pref("termsofuse.bypassNotification", true);
user_pref("toolkit.startup.max_resumed_crashes", -1);
user_pref("toolkit.telemetry.archive.enabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.firstShutdownPing.enabled", false);
user_pref("toolkit.telemetry.newProfilePing.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("toolkit.telemetry.server", "");
user_pref("toolkit.telemetry.shutdownPingSender.enabled", false);
user_pref("toolkit.telemetry.unified", false);
user_pref("toolkit.telemetry.updatePing.enabled", false);
`

// folderParent is where the private folder goes: the system's temporary
// folder, except for a snap, which sees neither that nor hidden folders.
func (b Browser) folderParent() (string, error) {
	path := b.Path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	// A snap's command is /snap/bin/NAME, a link to the snap program itself.
	if !strings.HasPrefix(b.Path, "/snap/") && filepath.Base(path) != "snap" {
		return "", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("browser: no home folder for the snap %s: %w", b.Path, err)
	}
	return filepath.Join(home, "snap", filepath.Base(b.Path), "common"), nil
}
