package core

import "time"

// An alarm ends the calls of one session whose deadline has come, with one timer
// for all of them: to set one for each call, and to stop it microseconds later,
// costs more than a small call's checks, and may wake a thread.
//
// It is guarded by the session's mu.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero: not set
	over  bool      // it is not set any more
}

// setAlarm has somebody look at the calls' deadlines at that time, at the
// latest. Called with mu held.
func (s *session) setAlarm(at time.Time) {
	if s.alarm.over || at.IsZero() || !s.alarm.at.IsZero() && !at.Before(s.alarm.at) {
		return
	}
	s.alarm.at = at
	if s.alarm.timer == nil {
		s.alarm.timer = time.AfterFunc(time.Until(at), s.expire)
	} else {
		s.alarm.timer.Reset(time.Until(at))
	}
}

// stopAlarm is for a session that has ended, and all its calls' contexts with it. A
// call that comes in or looks for another deadline meanwhile must not set it again:
// the timer would keep the session until then.
func (s *session) stopAlarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarm.over = true
	if s.alarm.timer != nil {
		s.alarm.timer.Stop()
	}
}

// expire ends the calls whose deadline has come, and looks again at the next one.
func (s *session) expire() {
	interruptAll(s.due(time.Now()), timedOut)
}

func (s *session) due(now time.Time) []*call {
	var due []*call
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarm.at = time.Time{}
	for _, c := range s.calls {
		expired, next := c.context.expire(now)
		if expired {
			due = append(due, c)
		}
		s.setAlarm(next)
	}
	return due
}
