package isolation

import "testing"

func TestRoomForAFrameFollowsTheOneBefore(t *testing.T) {
	for size, want := range map[int]int{
		0:                 ordinaryFrame,
		1000:              ordinaryFrame,
		100 << 10:         115712,
		largeFrame - 1000: largeFrame,
		100 << 20:         largeFrame, // as large as a page likes, and not kept for what is small
	} {
		if got := roomAfter(size); got != want {
			t.Errorf("after %d bytes there is room for %d, want %d", size, got, want)
		}
	}
}
