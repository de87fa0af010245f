package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A VersionError says that the agent that runs is of another version of fleet, which
// speaks otherwise.
type VersionError struct {
	Agent    string // the version of its program; may be empty
	Protocol string // what it speaks
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the agent that runs is of another version of fleet (%s, it speaks %q and not %s); hint: fleet agent stop ends it", e.Agent, e.Protocol, upgradeProtocol)
}

// helloTime is how long an agent may take to say that it is there: one that stands
// still must not hold up who could go without it.
const helloTime = 5 * time.Second

// hello makes sure that the agent is there and speaks as we do.
func (c *Client) hello(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, helloTime, errSilent)
	defer cancel()
	resp, err := c.ask(ctx, http.MethodGet, "/v1/hello", "")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if p := resp.Header.Get("Upgrade"); p != upgradeProtocol {
		return &VersionError{Agent: resp.Header.Get(versionHeader), Protocol: p}
	}
	return nil
}

var errSilent = fmt.Errorf("the agent gave no answer in %v: it may stand still", helloTime)

// Status tells how the agent is.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	resp, err := c.ask(ctx, http.MethodGet, "/v1/status", "")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	st := &Status{}
	if err := json.NewDecoder(resp.Body).Decode(st); err != nil {
		return nil, fmt.Errorf("the agent's status: %w", err)
	}
	return st, nil
}

// Stop ends the agent, and returns when it has ended. What is under way may go on
// for a while (Config.Drain) unless now is set.
func (c *Client) Stop(ctx context.Context, now bool) error {
	resp, err := c.ask(ctx, http.MethodPost, "/v1/stop", fmt.Sprintf(`{"now": %t}`, now))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body) // its end is that of the agent
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ask makes one HTTP request on a connection of its own, which ends with the body of
// the answer.
func (c *Client) ask(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://fleet"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Close = true
	conn, err := dialSocket(ctx, c.socket)
	if err != nil {
		return nil, err
	}
	unwatch := context.AfterFunc(ctx, func() { _ = conn.Close() })
	end := func() {
		unwatch()
		_ = conn.Close()
	}
	_ = req.Write(conn) // who closed may have said why
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		end()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("the agent gave no answer: %w", err)
	}
	resp.Body = &answerBody{resp.Body, end}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	words, _ := io.ReadAll(io.LimitReader(resp.Body, maxWords))
	end()
	return nil, errors.New("the agent says: " + strings.TrimSpace(string(words)))
}

// An answerBody is a body that ends its connection.
type answerBody struct {
	io.ReadCloser
	end func()
}

func (b *answerBody) Close() error {
	b.end()
	return nil
}
