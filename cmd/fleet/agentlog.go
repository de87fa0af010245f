package main

import (
	"os"
	"sync"
)

// logMax bounds a log file, in bytes. There are two: the one before is kept.
const logMax = 1 << 20

// A boundedLog is a file that does not grow without end.
type boundedLog struct {
	path string

	mu   sync.Mutex // the order of lines is that of the file: writing is under it
	file *os.File
	size int64
}

func openBoundedLog(path string) (*boundedLog, error) {
	l := &boundedLog{path: path}
	return l, l.open()
}

func (l *boundedLog) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write writes one line.
func (l *boundedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > logMax {
		// Where it cannot be put away, it is better to have a log that grows.
		if os.Rename(l.path, l.path+".1") == nil {
			was := l.file
			if err := l.open(); err == nil {
				was.Close()
			}
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// Close closes the file.
func (l *boundedLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
