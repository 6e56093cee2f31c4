package schema

import (
	"sync"
	"testing"
	"testing/synctest"
)

// A judge with a meter is compiled for whoever finds none, a few times and no more.
func TestThereAreFewJudgesForOneFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newJudges([]byte(`{"type":"string"}`))
		taken := make(chan *judge, 100)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				j, err := p.take()
				if err != nil {
					t.Error(err)
				}
				taken <- j
			})
		}
		seen := map[*judge]int{}
		for range 100 / maxJudges {
			synctest.Wait()
			if len(taken) != maxJudges {
				t.Fatalf("%d judges are at work", len(taken))
			}
			for range maxJudges {
				j := <-taken
				seen[j]++
				p.giveBack(j)
			}
		}
		all.Wait()
		if len(seen) != maxJudges || p.made.Load() != maxJudges {
			t.Errorf("%d judges, %d made", len(seen), p.made.Load())
		}
	})
}

func TestAJudgeThatCannotBeMadeIsNotCounted(t *testing.T) {
	p := newJudges([]byte(`{"type":`))
	for range 2 * maxJudges {
		if _, err := p.take(); err == nil {
			t.Fatal("it was made")
		}
	}
}
