package policy

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed schemas/input.schema.json schemas/decision.schema.json schemas/capability.schema.json schemas/permission.schema.json
var schemas embed.FS

// InputSchema is the JSON Schema of what rules read as input. The caller may keep it.
func InputSchema() []byte { return embedded("input") }

// DecisionSchema is the JSON Schema of a decision as `sallyport policy explain --json` prints it. The
// caller may keep it.
func DecisionSchema() []byte { return embedded("decision") }

// CapabilitySchema is the JSON Schema of a declarative capability file. The caller may keep it.
func CapabilitySchema() []byte { return embedded("capability") }

// PermissionSchema is the JSON Schema of a file of permissions. The caller may keep it.
func PermissionSchema() []byte { return embedded("permission") }

func embedded(name string) []byte {
	text, err := schemas.ReadFile("schemas/" + name + ".schema.json")
	if err != nil {
		panic("policy: internal error: " + err.Error())
	}
	return text
}

// inputTypes tells OPA's compiler of what types the fields of the input are, so that a comparison of a
// window with a number is an error by its line and not a rule that never holds.
func inputTypes() (*ast.SchemaSet, error) {
	var document map[string]any
	if err := json.Unmarshal(InputSchema(), &document); err != nil {
		return nil, fmt.Errorf("policy: reading the input's schema: %w", err)
	}
	properties, _ := document["properties"].(map[string]any)
	properties[operands] = map[string]any{}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, document)
	return set, nil
}
