package redact

// A Stream masks the secrets in data that comes in pieces.
type Stream struct {
	redactor *Redactor
	using    *automaton // nil before the first secret was known

	cursor cursor // where the data led to, in using
	held   []byte // the last bytes: those that may begin a form
	found  []span // what is to be masked, in held
	masked bool   // whether the byte before held was masked

	text, out []byte // buffers
}

// Stream makes a Stream for one sequence of bytes.
func (r *Redactor) Stream() *Stream { return &Stream{redactor: r} }

// Write takes the next piece and returns what can be shown by now, which may be
// empty. The result is valid until the next call; it may be part of data.
func (s *Stream) Write(data []byte) []byte {
	if a := s.redactor.automaton(); a != s.using {
		s.adopt(a)
	}
	if s.using == nil {
		return data
	}
	text, from := data, len(s.held)
	if from > 0 {
		s.text = append(append(s.text[:0], s.held...), data...)
		text = s.text
	}
	s.found = s.cursor.scan(s.using, text, from, s.found)
	keep := s.cursor.keep(s.using, text)
	s.cursor.run = s.cursor.before(text, keep)
	clean := s.release(text, keep)
	s.held = append(s.held[:0], text[keep:]...)
	return clean
}

// Flush returns what is held back: the data has ended. A secret that was not
// complete is no secret.
func (s *Stream) Flush() []byte {
	clean := s.release(s.held, len(s.held))
	s.cursor, s.held, s.masked = cursor{}, s.held[:0], false
	return clean
}

// release returns text up to n, masked, and keeps what was found behind it. No
// form that is not found yet begins before n.
func (s *Stream) release(text []byte, n int) []byte {
	if len(s.found) == 0 {
		s.masked = s.masked && n == 0
		return text[:n]
	}
	s.out = s.out[:0]
	at := 0
	later := s.found[:0]
	for _, f := range s.found {
		if f.from >= n {
			later = append(later, span{f.from - n, f.to - n})
			continue
		}
		s.plain(text[at:f.from])
		if !s.masked {
			s.out = append(s.out, Mark...)
			s.masked = true
		}
		at = min(f.to, n)
		if f.to > n {
			later = append(later, span{0, f.to - n})
		}
	}
	s.plain(text[at:n])
	s.found = later
	return s.out
}

// plain releases bytes that are part of no secret.
func (s *Stream) plain(b []byte) {
	if len(b) > 0 {
		s.out = append(s.out, b...)
		s.masked = false
	}
}

// adopt goes on with an automaton that knows more: what is held may hold, or
// begin, what was not known before.
func (s *Stream) adopt(a *automaton) {
	c := cursor{run: s.cursor.run}
	found := c.scan(a, s.held, 0, nil)
	for _, f := range s.found {
		found = unite(found, f)
	}
	s.using, s.cursor, s.found = a, c, found
}
