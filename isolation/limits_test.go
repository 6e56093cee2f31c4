package isolation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestC9EveryLimitHasADefaultAndBounds sets each field of Limits to what may
// and what may not be: there is no "unlimited", and an error names the field.
func TestC9EveryLimitHasADefaultAndBounds(t *testing.T) {
	defaults, err := Limits{}.withDefaults()
	if err != nil || defaults != DefaultLimits() {
		t.Fatalf("the zero Limits means %+v, %v", defaults, err)
	}
	bounds := map[string][2]int64{
		"MaxFrame": {1 << 10, 64 << 20}, "MaxPending": {1 << 10, 1 << 30}, "MaxSessions": {1, 1 << 20},
		"MaxTickets": {1, 1 << 20}, "MaxSockets": {1, 1 << 16}, "RekeyAfter": {1, 1 << 23},
	}
	fields := reflect.TypeFor[Limits]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		try := func(value int64) (Limits, error) {
			var l Limits
			reflect.ValueOf(&l).Elem().Field(i).SetInt(value)
			return l.withDefaults()
		}
		good, bad := []int64{1, int64(time.Hour)}, []int64{-1, -int64(time.Hour)}
		if b, ok := bounds[name]; ok {
			good, bad = b[:], []int64{-1, b[0] - 1, b[1] + 1, 1 << 31}
		} else if fields.Field(i).Type != reflect.TypeFor[time.Duration]() {
			t.Errorf("%s has no bounds in this test", name)
		}
		for _, value := range good {
			l, err := try(value)
			if err != nil || reflect.ValueOf(l).Field(i).Int() != value {
				t.Errorf("%s: %d became %d, %v", name, value, reflect.ValueOf(l).Field(i).Int(), err)
			}
		}
		for _, value := range bad {
			if value == 0 {
				continue // the default
			}
			if l, err := try(value); err == nil || !strings.Contains(fmt.Sprint(err), "Limits."+name) {
				t.Errorf("%s: %d became %d, %v", name, value, reflect.ValueOf(l).Field(i).Int(), err)
			}
		}
	}
}

// TestTheShortestTimesAreSwept starts and ends gates at once, with times that
// leave the sweep none.
func TestTheShortestTimesAreSwept(t *testing.T) {
	for range 50 {
		g := twoWindows(t, Limits{Heartbeat: 1, ResumeWithin: 1, HelloWithin: 1, TicketLife: 1})
		g.Close()
		select {
		case <-g.done:
		default:
			t.Fatal("Close returned before the sweep had ended")
		}
	}
}

// TestOneItemsArgumentsEndWhereTheNextBegins appends to what a receiver got.
func TestOneItemsArgumentsEndWhereTheNextBegins(t *testing.T) {
	plain := Plain{bytes: makeItems(
		itemVector{Kind: 1, ID: 7, Command: "a.b", JSON: "1"}, itemVector{Kind: 1, ID: 8, Command: "a.b", JSON: "2"},
	)}
	var ids []uint32
	for item, err := range Items(plain) {
		if err != nil {
			t.Fatal(err)
		}
		_ = append(item.JSON, "overwritten?"...)
		ids = append(ids, item.ID)
	}
	if !slices.Equal(ids, []uint32{7, 8}) {
		t.Errorf("items %v", ids)
	}
}

func TestABatchNeedNotBeReadToItsEnd(t *testing.T) {
	plain := Plain{bytes: makeItems(itemVector{Kind: 2, ID: 7}, itemVector{Kind: 2, ID: 8})}
	for item, err := range Items(plain) {
		if err != nil || item.ID != 7 {
			t.Errorf("item %d, %v", item.ID, err)
		}
		break
	}
}
