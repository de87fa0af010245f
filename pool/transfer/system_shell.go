package transfer

// A shellSystem is the files of a host by commands.
type shellSystem struct{ remote *Remote }
