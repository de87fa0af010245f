package pool

// Ahead reports whether every open connection has a session channel that was
// opened ahead, and its server has confirmed it.
func (p *Pool) Ahead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sites {
		s.mu.Lock()
		conns := append([]*conn(nil), s.conns...)
		s.mu.Unlock()
		for _, c := range conns {
			c.mu.Lock()
			spare := c.spare
			c.mu.Unlock()
			if spare == nil {
				return false
			}
			select {
			case <-spare.done:
			default:
				return false
			}
		}
	}
	return true
}
