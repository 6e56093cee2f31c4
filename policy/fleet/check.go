package fleet

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxFileBytes bounds one file of a bundle where the configuration doesn't. OPA's own bound is a
// gibibyte.
const maxFileBytes = 16 << 20

// document is one object of OPA's configuration.
type document map[string]any

type key struct {
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`
}

// A source is a bundle or the discovery bundle, as far as it is checked.
type source struct {
	Name     *string         `json:"name"`
	Resource string          `json:"resource"`
	Signing  json.RawMessage `json:"signing"`
	Persist  *bool           `json:"persist"`
	Trigger  string          `json:"trigger"`
	Polling  struct {
		Min *int64 `json:"min_delay_seconds"`
	} `json:"polling"`
}

// checkBoot checks the configuration of the start and sets what is on by default.
func (s *settings) checkBoot(d document) error {
	if err := only(d, "services", "labels", "keys", "bundles", "discovery", "status"); err != nil {
		return err
	}
	if err := s.checkServices(d); err != nil {
		return err
	}
	keys, err := decoded[map[string]key](d, "keys")
	if err != nil {
		return err
	}
	s.keys = keys
	d["persistence_directory"] = s.StateDir
	if d["discovery"] == nil {
		return s.checkBundles(d, keys)
	}
	if d["bundles"] != nil {
		return errors.New("bundles: with discovery the discovered configuration names the bundle")
	}
	labels, err := decoded[map[string]string](d, "labels")
	if err != nil {
		return err
	}
	if labels[revisionLabel] != "" {
		return fmt.Errorf("labels.%s: it belongs to the discovered configuration", revisionLabel)
	}
	return s.checkSource(d, "discovery", "discovery", keys)
}

// checkDiscovered checks a configuration that came by discovery, in which keys of the first one may be named.
func (s *settings) checkDiscovered(d document) error {
	if err := only(d, "services", "labels", "keys", "bundles", "status"); err != nil {
		return err
	}
	if err := s.checkServices(d); err != nil {
		return err
	}
	keys, err := decoded[map[string]key](d, "keys")
	if err != nil {
		return err
	}
	all := maps.Clone(keys)
	if all == nil {
		all = make(map[string]key)
	}
	maps.Copy(all, s.keys) // OPA lets those of the start win as well
	return s.checkBundles(d, all)
}

// only names the first option that has no place here, and why.
func only(d document, allowed ...string) error {
	reasons := map[string]string{
		"bundle":                "this older form knows no signature: write bundles",
		"decision_logs":         "OPA makes no decisions here that it could log. Those of capability files are recorded by the package audits",
		"discovery":             "where configurations come from is set at the start alone",
		"persistence_directory": "set StateDir of the Go configuration",
		"plugins":               "no plugins of OPA are linked",
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if slices.Contains(allowed, name) {
			continue
		}
		reason := reasons[name]
		if reason == "" {
			reason = "it has no effect here. Known are " + strings.Join(allowed, ", ")
		}
		return fmt.Errorf("%s: %s", name, reason)
	}
	return nil
}

// checkServices wants every service to be reached by TLS, or on this machine.
func (s *settings) checkServices(d document) error {
	type service struct {
		URL         string `json:"url"`
		InsecureTLS bool   `json:"allow_insecure_tls"`
	}
	named, err := decoded[map[string]service](d, "services")
	if err != nil {
		list, listErr := decoded[[]service](d, "services")
		if listErr != nil {
			return err
		}
		named = make(map[string]service, len(list))
		for i, one := range list {
			named[fmt.Sprint(i)] = one
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		u, err := url.Parse(named[name].URL)
		if err != nil || u.Host == "" {
			return fmt.Errorf("services.%s.url: expected an https URL", name)
		}
		if s.InsecureTransport {
			continue
		}
		if u.Scheme != "https" && !loopback(u.Hostname()) {
			return fmt.Errorf("services.%s.url: expected https; for http beyond this machine set InsecureTransport", name)
		}
		if named[name].InsecureTLS {
			return fmt.Errorf("services.%s.allow_insecure_tls: the server could be anybody: remove it, or set InsecureTransport", name)
		}
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkBundles wants one bundle.
func (s *settings) checkBundles(d document, keys map[string]key) error {
	bundles, ok := d["bundles"].(map[string]any)
	if !ok || len(bundles) != 1 {
		return fmt.Errorf("bundles: expected one, got %d: several have no common revision, so build one from all their sources", len(bundles))
	}
	for name := range bundles {
		if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$`).MatchString(name) || name == "discovery" {
			return fmt.Errorf("bundles.%.80q: expected a name of letters, digits, - and _, other than discovery", name)
		}
		return s.checkSource(bundles, name, "bundles."+name, keys)
	}
	return nil
}

// checkSource checks where one bundle comes from; in is the object that holds it under name.
func (s *settings) checkSource(in document, name, path string, keys map[string]key) error {
	d, ok := in[name].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: expected an object with service, resource and signing", path)
	}
	from, err := decoded[source](in, name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case from.Name != nil:
		return fmt.Errorf("%s.name: write resource", path)
	case strings.HasPrefix(from.Resource, "file:"):
		return fmt.Errorf("%s.resource: expected a path on a service: a file is read once and would never be updated", path)
	case from.Trigger == "manual":
		return fmt.Errorf("%s.trigger: expected periodic: nothing would ask for updates", path)
	case from.Polling.Min != nil && *from.Polling.Min < 1:
		return fmt.Errorf("%s.polling.min_delay_seconds: expected at least 1", path)
	case from.Persist != nil && !*from.Persist:
		return fmt.Errorf("%s.persist: expected true: without the last bundle a start without the server has no policy", path)
	}
	d["persist"] = true
	if d["size_limit_bytes"] == nil && name != "discovery" {
		d["size_limit_bytes"] = maxFileBytes
	}
	return s.checkSigning(from.Signing, path+".signing", keys)
}

// checkSigning wants every file signed by one named key.
func (s *settings) checkSigning(raw json.RawMessage, path string, keys map[string]key) error {
	var signing struct {
		KeyID         string   `json:"keyid"`
		Scope         string   `json:"scope"`
		Exclude       []string `json:"exclude_files"`
		UnsignedDelta bool     `json:"allow_unsigned_delta_bundles"`
	}
	if len(raw) == 0 || string(raw) == "null" {
		if s.InsecureUnsigned {
			return nil
		}
		return fmt.Errorf("%s.keyid: expected the name of a key in keys; to take bundles that nobody signed set InsecureUnsigned", path)
	}
	r := json.NewDecoder(bytes.NewReader(raw))
	r.DisallowUnknownFields()
	if err := r.Decode(&signing); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case signing.KeyID == "":
		return fmt.Errorf("%s.keyid: expected the name of a key in keys", path)
	case len(signing.Exclude) > 0:
		return fmt.Errorf("%s.exclude_files: nobody would have signed these files: remove it", path)
	case signing.UnsignedDelta:
		return fmt.Errorf("%s.allow_unsigned_delta_bundles: delta bundles are not taken: remove it", path)
	}
	k, ok := keys[signing.KeyID]
	if !ok {
		return fmt.Errorf("%s.keyid: there is no keys.%s", path, signing.KeyID)
	}
	return checkKey(k, "keys."+signing.KeyID)
}

func checkKey(k key, path string) error {
	if strings.HasPrefix(k.Algorithm, "HS") {
		return fmt.Errorf("%s.algorithm: %s has one key for both sides: who can check a bundle could sign one. Expected RS256, PS256, ES256 or their longer kin", path, k.Algorithm)
	}
	block, _ := pem.Decode([]byte(k.Key))
	if block == nil {
		return fmt.Errorf("%s.key: expected a public key or certificate in PEM", path)
	}
	_, asKey := x509.ParsePKIXPublicKey(block.Bytes)
	_, asCertificate := x509.ParseCertificate(block.Bytes)
	if asKey != nil && asCertificate != nil {
		return fmt.Errorf("%s.key: expected a public key or certificate in PEM: %w", path, asKey)
	}
	return nil
}

// decoded is the value of one member, the zero value if there is none.
func decoded[T any](d document, name string) (T, error) {
	var v T
	raw, err := json.Marshal(d[name])
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}
