package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// checkValidate refuses what could not be carried out when all is sent.
func (p *putting) checkValidate() error {
	switch {
	case p.o.Validate == "":
		return nil
	case !strings.Contains(p.o.Validate, "%s"):
		return fmt.Errorf("validate %q has no %%s for the new file", p.o.Validate)
	case !p.r.commands:
		return errors.New("validate: the host runs no commands")
	}
	return nil
}

// validate asks the user's command whether the new file is good.
func (p *putting) validate(ctx context.Context) error {
	if p.o.Validate == "" {
		return nil
	}
	script := strings.ReplaceAll(p.o.Validate, "%s", quoted(operand(p.temp)))
	out := &bounded{max: stderrMax}
	status, stderr, err := p.r.run(ctx, script, nil, nil, out)
	switch {
	case err != nil:
		return err
	case !status.OK():
		return fmt.Errorf("validate %q ended with status %d; the file is as it was: %s", p.o.Validate, status.Code, p.said(out.String(), stderr))
	}
	return p.asVerified(ctx)
}

// said is what the command printed: checkers use either stream for the reason.
func (p *putting) said(stdout, stderr string) string {
	said := strings.TrimSpace(strings.TrimSpace(stdout) + "\n" + stderr)
	switch {
	case said == "":
		return "it said nothing"
	case p.o.Private:
		return "what it said is not shown"
	}
	return strings.ReplaceAll(said, p.temp, p.path)
}

// asVerified is an error where the command has changed what it was to look at.
func (p *putting) asVerified(ctx context.Context) error {
	want, err := p.src.Sum(ctx)
	if err != nil {
		return err
	}
	sums, err := p.r.sums(ctx, []string{p.temp})
	if err != nil {
		return err
	}
	sum, read := sums[p.temp]
	if read && sum == want {
		return nil
	}
	is, err := p.r.sys.lstat(ctx, p.temp)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("validate %q removed the new file; the old one is as it was", p.o.Validate)
	case err != nil:
		return err
	case !read && is.kind == aFile && is.size == p.src.size:
		return nil // its mode or owner keeps it from being read
	}
	return fmt.Errorf("validate %q changed the new file; the old one is as it was; hint: it may only look at it", p.o.Validate)
}

// quoted is s as one word for the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
