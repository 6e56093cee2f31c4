// Package isolation is the sealed boundary between a page nobody should have
// to trust and the Go core: two origins, a sandboxed frame document, an HPKE
// handshake, and authenticated, ordered frames over one of two carriers.
//
// This comment is the wire format and is normative. The TypeScript twin lives
// in sandbox-iframe/src; both sides produce and open the vectors of
// testdata/vectors.json.
//
// # Frame
//
// Everything that crosses the boundary is a frame. All integers are unsigned
// and big-endian.
//
//	offset size
//	0      1    version    1
//	1      1    type       see Types
//	2      2    epoch      number of the key pair in force, 0 after the hello
//	4      8    sequence   see Sequence
//	12     …    body       sealed: IV (12) ‖ ciphertext ‖ tag (16)
//
// A sealed body is AES-256-GCM under the key of its direction and epoch. Its
// associated data is
//
//	header (12) ‖ direction (1: 1 frame to core, 2 core to frame) ‖ session id (16)
//
// so that no frame can be moved to another version, type, epoch, position,
// direction or session. Frame to core the IV is four zero bytes and the
// sequence, and the core refuses any other; core to frame the AEAD draws it.
// A frame is at most MaxFrame bytes.
//
// # Types
//
//	 1 hello      frame to core, not sealed by the session keys: see Handshake
//	 2 ready      core to frame: keys confirmed; plaintext empty
//	 3 batch      both ways: one or more items
//	 4 ping       core to frame: plaintext empty
//	 5 pong       frame to core: plaintext empty, answers a ping
//	 6 rekey      core to frame: secret (32) ‖ core public key (65)
//	 7 rekeyed    frame to core: HPKE enc (65) ‖ ciphertext (112)
//	 8 resume     frame to core, clear: session id (16)
//	 9 challenge  core to frame: nonce (32), sequence 0
//	10 proof      frame to core: the challenge's nonce (32)
//	11 resumed    core to frame: plaintext empty
//	12 bye        either way: the session ends; plaintext empty
//
// An unknown version or type and a type in the wrong direction are refused
// like a forgery. So is, in the frame, an authentic frame whose plaintext is
// not what its type asks for; in the core it ends the session, but for a proof
// with another nonce.
//
// # Handshake
//
// The frame document (in the brownfield pattern the page itself) carries a
// session id of 16 bytes, a one-time secret R of 32 bytes and the core's
// ephemeral P-256 public key (65 bytes, uncompressed). The frame makes one
// AES-256-GCM key per direction and sends, as the first message of its
// carrier,
//
//	header (version 1, type hello, epoch 0, sequence 0) ‖ session id (16) ‖ enc (65) ‖ ciphertext (112)
//
// where enc and ciphertext are RFC 9180 base-mode single-shot HPKE (DHKEM
// P-256 HKDF-SHA256, HKDF-SHA256, AES-256-GCM), empty associated data, of
//
//	R (32) ‖ key frame to core (32) ‖ key core to frame (32)
//
// with info
//
//	"sallyport/1 hello" ‖ carrier (1) ‖ pattern (1) ‖ session id (16)
//
// carrier is 1 direct, 2 relay; pattern is 1 isolation, 2 brownfield: neither
// can be downgraded, nor can the version. The core compares R in constant
// time, destroys R and its private key, and answers ready. A hello that does
// not open, or holds another R, changes nothing but a counter; the right one
// still works. Only ready, opened, tells the frame that it speaks to the core.
//
// # Sequence
//
// Each direction counts its sealed frames from 1 and never starts again, also
// not under new keys. On the direct carrier the receiver accepts exactly the
// next number; anything else closes the socket. On the relay, where requests
// overtake each other, it accepts each number once inside a window of the
// last 1024. Sequence 0 is used twice, by types that stand outside the count:
// challenge (fresh nonce inside, random IV) and the bye that a frame seals
// under each epoch right after its keys exist, so that it can be sent while
// the page is being torn down and nothing can be computed any more; replaying
// either gains nothing. Such a bye is accepted under the epoch in force alone.
//
// # New keys
//
// After at most RekeyAfter frames of either direction in one epoch the core
// sends rekey, sealed under the keys in force. The frame answers rekeyed, its
// last frame under the old key, holding HPKE of R ‖ new keys with info
//
//	"sallyport/1 rekey" ‖ carrier (1) ‖ pattern (1) ‖ session id (16) ‖ new epoch (2)
//
// and sends nothing more until ready arrives under the new epoch. A frame of
// the epoch before is accepted only on the relay and only with a sequence
// below that of rekeyed (to the core) or ready (to the frame). At MaxFrames
// frames in one epoch, 2^24, the session ends. Challenges, which whoever knows
// a session's id can ask for, are counted apart: beyond 2^24 in one epoch there
// are no more.
//
// # Resume
//
// A dropped socket does not end a session at once. On a new one the frame
// sends resume; the core answers challenge, sealed under its current epoch;
// the frame answers proof with its next sequence, which may skip numbers lost
// with the old socket but never goes back; the core closes the old socket,
// and sends resumed, whose sequence likewise may skip. Only these two types
// may skip. If the drop fell into a change of keys the challenge's epoch says
// which pair is in force; one under the old pair may still be overtaken by a
// rekeyed that the old socket had brought, so that the frame forgets the new
// pair at resumed and not before. A session that is not resumed within ResumeWithin
// ends. Calls that were sent and not answered fail in the frame with
// unknown_outcome when the socket drops, and are never sent again; calls that
// were not yet sealed wait and go out after resumed.
//
// # Items
//
// The plaintext of a batch is a sequence of items without padding, at most
// MaxItems of them. Frame to core:
//
//	call    kind 1 ‖ id (4) ‖ timeout in ms (4, 0: none) ‖ wants (1) ‖ n (1) ‖ command (n) ‖ body
//	cancel  kind 2 ‖ id (4)
//	report  kind 3 ‖ id (4) ‖ cause (1) ‖ what (1) ‖ n (1) ‖ name (n)
//	hidden  kind 4 ‖ id (4) ‖ cause (1) ‖ what (1) ‖ n (1) ‖ name (n)
//	emit    kind 5 ‖ id (4) ‖ n (1) ‖ event (n) ‖ t (1) ‖ label (t, none: all windows and the core) ‖ body
//	listen  kind 6 ‖ id (4) ‖ n (1) ‖ event (n)
//	upload  kind 7 ‖ id (4) ‖ offset (8) ‖ body
//	end     kind 8 ‖ id (4) ‖ offset (8) ‖ how (1: 0 complete, 1 aborted)
//	credit  kind 9 ‖ id (4) ‖ limit (8)
//
// Core to frame:
//
//	result    kind 1 ‖ id (4) ‖ body
//	error     kind 2 ‖ id (4) ‖ m (4) ‖ JSON (m): {"code":…,"id":…,"message":…}
//	item      kind 3 ‖ id (4) ‖ offset (8) ‖ body
//	event     kind 4 ‖ id (4) ‖ offset (8) ‖ number (8) ‖ n (1) ‖ label (n, none: the core) ‖ body
//	end       kind 5 ‖ id (4) ‖ offset (8)
//	credit    kind 6 ‖ id (4) ‖ limit (8)
//	progress  kind 7 ‖ id (4) ‖ done (8) ‖ total (8, 0: not known) ‖ n (1) ‖ text (n, UTF-8)
//
// No number of eight bytes exceeds 2^53−1, MaxOffset. What a label or text of
// the core holds is UTF-8, as all JSON.
//
// An id names a request (a call, an emit or a listen) within its session, is
// chosen by the frame, counts up from 1 and is never used twice. Every other
// item is about a request that was made. Call, emit and listen are answered by
// one result or error each; what else goes on under their id is in Streams.
// wants says what a call's frame is ready for, as a sum: 1 items of the core, 2
// uploading, 4 progress.
//
// A body is a JSON text and the raw sections that go with it, at most
// MaxSections:
//
//	sections (1) ‖ m (4) ‖ JSON (m) ‖ sections × { t (1) ‖ media type (t) ‖ k (4) ‖ bytes (k) }
//
// In the JSON text the n-th object with a member $bytes, in the order of the
// text, stands for the n-th section, and is exactly {"$bytes":k,"type":"media
// type"}, spelt like that: no white space, no escapes. There are as many of them as sections. A media type is type/subtype
// as RFC 6838, section 4.2 has it, in lower case and without parameters.
//
// A report says that the hook kept something of the page's back: what is the
// kind of the item that would have been, and name its command or event. cause is
// 1 refused, 2 threw, 3 returned something else than what it was shown or a
// refusal, 4 timed out, 5 reports were dropped by the frame's own rate limit
// (id is then their number, what is 0 and the name is empty). Hidden says that
// the hook kept back something of the core's, for one of causes 1 to 4: what is
// the kind of that item. Both belong to the isolation pattern; elsewhere there
// is no hook to report of.
//
// A batch is authentic as a whole, and counted, limited, authorized and
// recorded item by item.
//
// # Streams
//
// A call may have a stream of items in either direction, and a listen has one
// of events to the frame. A stream's only name is the id of its request, so
// that nobody outside the session can address it. An offset counts the bytes of
// the stream's items before this one, each item as it stands in its batch; it
// says where an item belongs when the relay brings it early, and that one is
// missing. A stream ends with its request: an upload by end, at its offset, or
// by the call's answer; items of the core by end, at its offset, which goes
// before the result; both without more words by an error; events by cancel, or by
// end, at its offset, where the core sends no more of them: the listener was too
// slow, or may not listen any more. That end needs no credit.
//
// Credit lets a reader slow its writer. limit is the offset from which on the
// writer has to wait; it only rises. It begins at StreamWindow, or for events at
// EventWindow (on the relay see below), and the reader raises it as items are
// consumed. An item may begin at any offset below it, whatever its size. An
// upload that begins beyond it, or at an offset that is not the next, is no
// genuine frame's; on the relay, it may come before others that are under way.
//
// Events are numbered for each listen from 1, those that were dropped
// included: a gap is how many the listener has missed.
//
// When a socket drops, calls with streams are over as all calls that were sent
// are, and the frame cancels them after resumed. A listen that was answered goes
// on: what was under way to it is lost, shows as a gap in offset and number, and
// counts as consumed. Of what is lost last nothing follows that would show the
// gap, and the core can't know how much has arrived. So it is the frame that
// gives credit anew, after resumed, for each listen: EventWindow beyond the
// limit in force, less what has arrived and is not consumed.
//
// On the relay what one side sends arrives in any order, and what a lost request
// or response held does not arrive. Calls with streams are then over as when a
// socket drops. A reader puts items in order by their offsets, holds no more
// than a window of them, takes the highest limit, and takes no end before the
// offset at which it stands; a result that follows a stream waits for that. What
// an early credit, upload or end is about may be a call that is still under way:
// the first limit of an upload is 0 there, and the core raises it to
// StreamWindow when it has the call. A listener's gap is lost once the frame
// knows of a lost request: it then goes on behind the gap, gives credit as after
// resumed, and ignores what arrives of it after all.
//
// # Carriers
//
// Direct: a WebSocket that the frame owns, one frame to a binary message; the
// first is hello or resume. Relay: the page carries frames by POST to its own
// origin; request and response bodies are frames, each preceded by its length
// (4). The request's path names the session, and its query, n=1, numbers it: a
// number that was there before is answered with 409, since browsers repeat a
// request by themselves whose connection closed, and the first answer is lost. A response holds what the core
// had to say, waiting a while for it; an empty one says nothing of what
// happened to the request. A request or its response may be lost. The frame
// sends a hello or rekeyed again, the same bytes, until it has ready; the core
// discards it as any replay, and brings the ready that it has sealed again.
package isolation
