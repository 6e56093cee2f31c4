package isolation

import (
	"crypto/rand"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/hybrid"
	"github.com/tink-crypto/tink-go/v2/hybrid/hpke"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A keyPair is the core's half of one handshake: an ephemeral P-256 HPKE key
// and the one-time secret that only the document handed out with it knows.
// P-256 because WebKitGTK's X25519 key generation fails at random
// (WebKit/WebKit#72772).
type keyPair struct {
	secret  [SecretSize]byte
	public  []byte
	decrypt tink.HybridDecrypt
}

func newKeyPair() (*keyPair, error) {
	handle, err := keyset.NewHandle(hybrid.DHKEM_P256_HKDF_SHA256_HKDF_SHA256_AES_256_GCM_Raw_Key_Template())
	if err != nil {
		return nil, fmt.Errorf("isolation: making an HPKE key: %w", err)
	}
	return keyPairOf(handle)
}

func keyPairOf(handle *keyset.Handle) (*keyPair, error) {
	decrypt, err := hybrid.NewHybridDecrypt(handle)
	if err != nil {
		return nil, fmt.Errorf("isolation: using an HPKE key: %w", err)
	}
	public, err := handle.Public()
	if err != nil {
		return nil, fmt.Errorf("isolation: using an HPKE key: %w", err)
	}
	entry, err := public.Primary()
	if err != nil {
		return nil, fmt.Errorf("isolation: using an HPKE key: %w", err)
	}
	key, ok := entry.Key().(*hpke.PublicKey)
	if !ok || len(key.PublicKeyBytes()) != PublicKeySize {
		return nil, fmt.Errorf("isolation: HPKE public key is a %T, not an uncompressed P-256 point", entry.Key())
	}
	pair := &keyPair{public: key.PublicKeyBytes(), decrypt: decrypt}
	rand.Read(pair.secret[:]) // never fails since Go 1.24
	return pair, nil
}

// directionKeys are the two AEADs of one epoch.
type directionKeys struct{ up, down tink.AEAD }

func newDirectionKeys(up, down []byte) (*directionKeys, error) {
	u, err := newAEAD(up)
	if err != nil {
		return nil, err
	}
	d, err := newAEAD(down)
	if err != nil {
		return nil, err
	}
	return &directionKeys{up: u, down: d}, nil
}

// newAEAD puts a raw AES-256-GCM key behind a Tink keyset handle. The
// no-prefix variant is IV ‖ ciphertext ‖ tag, as WebCrypto has it with the IV
// in front.
func newAEAD(raw []byte) (tink.AEAD, error) {
	params, err := aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: KeySize, IVSizeInBytes: ivSize, TagSizeInBytes: tagSize,
		Variant: aesgcm.VariantNoPrefix,
	})
	if err != nil {
		return nil, fmt.Errorf("isolation: AES-GCM parameters: %w", err)
	}
	key, err := aesgcm.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), 0, params)
	if err != nil {
		return nil, fmt.Errorf("isolation: AES-GCM key: %w", err)
	}
	manager := keyset.NewManager()
	id, err := manager.AddKey(key)
	if err != nil {
		return nil, fmt.Errorf("isolation: AES-GCM keyset: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("isolation: AES-GCM keyset: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("isolation: AES-GCM keyset: %w", err)
	}
	return aead.New(handle)
}
