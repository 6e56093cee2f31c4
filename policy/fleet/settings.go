package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/config"
	"github.com/open-policy-agent/opa/v1/hooks"
	"github.com/open-policy-agent/opa/v1/util"
)

// revisionLabel is where a discovered configuration says its revision. OPA evaluates the bundle that
// brought it and shows the result alone, not the bundle's manifest.
const revisionLabel = "revision"

// settings stand between what was configured and what OPA gets to see.
type settings struct {
	Config
	id      string // of this process, among OPA's labels
	boot    document
	keys    map[string]key // of the boot configuration
	highest *highest       // of discovered configurations
	keep    func() error   // remembers the one that is being taken over
}

var _ hooks.ConfigDiscoveryHook = (*settings)(nil)

// prepare checks the configuration of the start and returns it as OPA is to have it.
func (s *settings) prepare() ([]byte, error) {
	var d document
	if err := util.Unmarshal(s.OPA, &d); err != nil {
		return nil, fmt.Errorf("configuration: expected YAML or JSON: %w", err)
	}
	if d == nil {
		d = document{}
	}
	if err := s.checkBoot(d); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	s.boot = d
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return raw, s.known(raw)
}

// OnConfigDiscovery holds a discovered configuration to the rules of the first one and to the order
// of revisions. OPA takes over nothing of one that is refused.
func (s *settings) OnConfigDiscovery(_ context.Context, c *config.Config) (*config.Config, error) {
	s.keep = nil
	d, err := documentOf(c)
	if err != nil {
		return nil, err
	}
	if err := s.checkDiscovered(d); err != nil {
		return nil, fmt.Errorf("discovered configuration: %w", err)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if err := s.known(raw); err != nil {
		return nil, fmt.Errorf("discovered configuration: %w", err)
	}
	sum := sha256.Sum256(raw)
	if s.keep, err = s.highest.follow(mark{c.Labels[revisionLabel], hex.EncodeToString(sum[:])}); err != nil {
		return nil, fmt.Errorf("discovered configuration: labels.%s: %w", revisionLabel, err)
	}
	return config.ParseConfig(raw, s.id)
}

// documentOf is a discovered configuration as it was written, without what OPA adds to it.
func documentOf(c *config.Config) (document, error) {
	c = c.Clone()
	c.DefaultDecision, c.DefaultAuthorizationDecision = nil, nil
	delete(c.Labels, "id")
	delete(c.Labels, "version")
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var d document
	if err := util.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	for key, value := range c.Extra {
		d[key] = value
	}
	return d, nil
}

// known refuses what OPA would only warn of: an option that it doesn't know has no effect.
func (s *settings) known(raw []byte) error {
	c, err := config.ParseConfig(raw, s.id)
	if err != nil {
		return err
	}
	if len(c.Warnings) > 0 {
		return errors.New(c.Warnings[0])
	}
	return nil
}

// took remembers the discovered configuration that OPA has taken over, or forgets the one that it
// could not, for the reason given.
func (s *settings) took(reason error) error {
	keep := s.keep
	s.keep = nil
	if reason != nil || keep == nil {
		return reason
	}
	return keep()
}
