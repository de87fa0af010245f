package credential

// A RefusedError says that the server let none of our keys and passwords in.
type RefusedError struct {
	User string
	Log  Log
	Err  error // what x/crypto said
}

func (e *RefusedError) Error() string { return "login refused" }

// Hint is what to do about it; empty where there is nothing to say.
func (e *RefusedError) Hint() string { return "" }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }
