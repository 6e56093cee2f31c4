package fleet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A registry is the part of an OCI registry that a download asks for.
type registry struct {
	mu    sync.Mutex
	blobs map[string]blob // by digest, and the manifest by its tag as well
}

type blob struct {
	kind string
	text []byte
}

func (b blob) digest() string {
	sum := sha256.Sum256(b.text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// push tags a bundle.
func (g *registry) push(tag string, bundle []byte) {
	layer := blob{"application/vnd.oci.image.layer.v1.tar+gzip", bundle}
	config := blob{"application/vnd.oci.image.config.v1+json", []byte("{}")}
	describe := func(b blob) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, b.kind, b.digest(), len(b.text))
	}
	manifest := blob{"application/vnd.oci.image.manifest.v1+json", []byte(fmt.Sprintf(
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}`, describe(config), describe(layer)))}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range []blob{layer, config, manifest} {
		g.blobs[b.digest()] = b
	}
	g.blobs[tag] = manifest
}

func (g *registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	b, ok := g.blobs[name]
	if !ok || r.URL.Path != "/v2/org/app/manifests/"+name && r.URL.Path != "/v2/org/app/blobs/"+name {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", b.kind)
	w.Header().Set("Docker-Content-Digest", b.digest())
	w.Header().Set("Content-Length", fmt.Sprint(len(b.text)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(b.text)
	}
}

func TestBundlesComeFromAnOCIRegistry(t *testing.T) {
	t.Parallel()
	k, other, a := newPair(t), newPair(t), &app{}
	g := &registry{blobs: make(map[string]blob)}
	s := httptest.NewServer(g)
	defer s.Close()
	y := strings.Replace(yaml(s.URL, k), "    url:", "    type: oci\n    url:", 1)
	y = strings.Replace(y, bundlePath, strings.TrimPrefix(s.URL, "http://")+"/org/app:stable", 1)
	y = y[:strings.Index(y, "status:")]
	g.push("stable", packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	c := Config{OPA: []byte(y), StateDir: t.TempDir()}
	f := run(t, c, a)
	inForce(t, f, "1")

	files := map[string]string{"/files.rego": capability("files", "files.save")}
	g.push("stable", packed{revision: "2", files: files}.bytes(t))
	failed(t, f, "bundle missing .signatures.json file")
	g.push("stable", packed{revision: "2", signer: &other, files: files}.bytes(t))
	failed(t, f, "failed to verify JWT signature")
	g.push("stable", packed{revision: "0", signer: &k, files: files}.bytes(t))
	failed(t, f, "0 is older than 1")
	if !a.allows("notes.save") || a.allows("files.save") {
		t.Error("a bundle that was refused decides")
	}
	g.push("stable", packed{revision: "2", signer: &k, files: files}.bytes(t))
	inForce(t, f, "2")
	stop(t, f)
	s.Close()

	a = &app{}
	f = run(t, c, a)
	if f.Status().Revision != "2" || !a.allows("files.save") {
		t.Errorf("from disk: %+v", f.Status())
	}
}

// A bucket answers requests that are signed for S3 with its secret, and no others.
type bucket struct {
	*server
	secret string
}

func (b bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := signedForS3(r, b.secret); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	b.server.ServeHTTP(w, r)
}

// signedForS3 checks AWS's signature version 4, from its description.
func signedForS3(r *http.Request, secret string) error {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return fmt.Errorf("not signed")
	}
	parts := make(map[string]string)
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")[1:] // date, region, service, aws4_request
	names := strings.Split(parts["SignedHeaders"], ";")
	if len(scope) != 4 || scope[2] != "s3" || !slices.Contains(names, "host") {
		return fmt.Errorf("signed for %q, headers %q", scope, names)
	}
	request := []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery}
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		request = append(request, name+":"+strings.TrimSpace(value))
	}
	request = append(request, "", parts["SignedHeaders"], r.Header.Get("X-Amz-Content-Sha256"))
	sum := sha256.Sum256([]byte(strings.Join(request, "\n")))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope, "/"), hex.EncodeToString(sum[:])}, "\n")
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = mac(key, part)
	}
	if got := hex.EncodeToString(mac(key, text)); got != parts["Signature"] {
		return fmt.Errorf("signature %s, expected %s", parts["Signature"], got)
	}
	return nil
}

func TestBundlesComeFromS3(t *testing.T) {
	k, a := newPair(t), &app{}
	t.Setenv("AWS_ACCESS_KEY_ID", "someone")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-central-1")
	files := &server{files: make(map[string][]byte)}
	s := httptest.NewServer(bucket{files, "secret"})
	defer s.Close()
	y := strings.Replace(yaml(s.URL, k), "    url:", "    credentials: {s3_signing: {environment_credentials: {}}}\n    url:", 1)
	y = y[:strings.Index(y, "status:")]
	files.serve(bundlePath, packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	f := run(t, Config{OPA: []byte(y), StateDir: t.TempDir()}, a)
	inForce(t, f, "1")
	files.serve(bundlePath, packed{revision: "2", files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t))
	failed(t, f, "bundle missing .signatures.json file")
	files.serve(bundlePath, packed{revision: "2", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t))
	inForce(t, f, "2")
	stop(t, f)

	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	f = run(t, Config{OPA: []byte(y), StateDir: t.TempDir()}, &app{})
	failed(t, f, "Forbidden")
}
