package transfer

import "testing"

func TestPathsBeginWhereTheUserMeansThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ dir, path, want string }{
		{"", "/etc/app.conf", "/etc/app.conf"},
		{"", "/srv/www/", "/srv/www/"},
		{"", "~", "/users/www"},
		{"", "~/", "/users/www"},
		{"", "~/app/", "/users/www/app/"},
		{"", "~other", "/login/~other"},
		{"", "app.conf", "/login/app.conf"},
		{"", ".", "/login"},
		{"", "./", "/login"},
		{"", "./-rf", "/login/-rf"},
		{"", "a/../b", "/login/a/../b"}, // a may be a link
		{"/srv", "app/", "/srv/app/"},
		{"/", "app", "/app"},
		{"~/jobs", "app", "/users/www/jobs/app"},
		{"~", "app", "/users/www/app"},
		{"jobs", "app", "/login/jobs/app"},
		{"/srv", "~/app", "/users/www/app"},
	} {
		r := &Remote{host: &Host{Dir: test.dir}, facts: facts{login: "/login", home: "/users/www"}}
		if got, err := r.resolve(test.path); err != nil || got != test.want {
			t.Errorf("%q in %q: got %q and %v, want %q", test.path, test.dir, got, err, test.want)
		}
	}
	r := &Remote{host: &Host{}, facts: facts{login: "/login"}}
	for _, path := range []string{"", "a\x00b"} {
		if got, err := r.resolve(path); err == nil {
			t.Errorf("%q: got %q", path, got)
		}
	}
}
