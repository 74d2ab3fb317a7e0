//go:build linux

package sshbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// As shells end.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

var errNoCommand = errors.New("there is no command")

// commandOf reads an exec request.
func commandOf(payload []byte) (string, error) {
	var request struct{ Command string }
	if err := ssh.Unmarshal(payload, &request); err != nil {
		return "", fmt.Errorf("read a request: %w", err)
	}
	return request.Command, nil
}

// shellLine reads a command as sshd has it: a line for the shell. For sh, not the login shell, whose start files were read already.
func shellLine(payload []byte) ([]string, error) {
	command, err := commandOf(payload)
	if err != nil {
		return nil, err
	}
	if command == "" {
		return nil, errNoCommand
	}
	return []string{"/bin/sh", "-c", command}, nil
}

// argumentList reads a command that is a JSON list of arguments.
func argumentList(payload []byte) ([]string, error) {
	command, err := commandOf(payload)
	if err != nil {
		return nil, err
	}
	var arguments []string
	if err := json.Unmarshal([]byte(command), &arguments); err != nil {
		return nil, fmt.Errorf("read the arguments: %w", err)
	}
	if len(arguments) == 0 || arguments[0] == "" {
		return nil, errNoCommand
	}
	return arguments, nil
}

// command is a process that leads a session, and so a process group, of its own.
type command struct {
	process        *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr io.ReadCloser
	// ended is closed when the process has ended and its outputs have.
	ended chan struct{}

	mu sync.Mutex
	// reaped: the process' number may be another's by now.
	reaped bool
}

func startCommand(channel io.Reader, arguments []string) (*command, error) {
	process := exec.Command(arguments[0], arguments[1:]...) //nolint:gosec // that is what it is for
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open its input: %w", err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("open its output: %w", err)
	}
	stderr, err := process.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("open its error output: %w", err)
	}
	if err := process.Start(); err != nil {
		return nil, err //nolint:wrapcheck // it names the program
	}
	go func() {
		_, _ = io.Copy(stdin, channel) // a command need not read its input
		_ = stdin.Close()
	}()
	return &command{process: process, stdin: stdin, stdout: stdout, stderr: stderr, ended: make(chan struct{})}, nil
}

// carry hands on what the command prints and tells how it ended.
func (c *command) carry(channel ssh.Channel) {
	defer close(c.ended)
	var outputs sync.WaitGroup
	outputs.Go(func() { forward(channel, c.stdout) })
	outputs.Go(func() { forward(channel.Stderr(), c.stderr) })
	outputs.Wait()
	c.reap()
	_, _ = channel.SendRequest(exitOf(c.process.ProcessState)) // as all here, it fails when the app is gone
	_ = channel.CloseWrite()
	_ = channel.Close()
}

// forward copies an output. When nobody takes it any more the command is told as by any closed pipe.
func forward(to io.Writer, from io.ReadCloser) {
	_, _ = io.Copy(to, from)
	_ = from.Close()
}

// reap waits for the process. Its number is its own until it is reaped; nobody is to signal it afterwards.
func (c *command) reap() {
	for {
		err := unix.Waitid(unix.P_PID, c.process.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reaped = true
	_ = c.process.Wait() // ProcessState has how it ended
}

// signal signals all of the command's group. Nothing happens when it has ended.
func (c *command) signal(number syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = syscall.Kill(-c.process.Process.Pid, number) // who is gone needs no signal
	}
}

// signalNamed answers a signal request, which has the name without SIG.
func (c *command) signalNamed(payload []byte) bool {
	var request struct{ Name string }
	if ssh.Unmarshal(payload, &request) != nil {
		return false
	}
	number := unix.SignalNum("SIG" + request.Name)
	if number == 0 {
		return false
	}
	c.signal(number)
	return true
}

// end asks the command to end and makes it, when it has not within patience.
func (c *command) end(patience time.Duration) {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.ended:
		return
	case <-time.After(patience):
	}
	c.signal(syscall.SIGKILL)
	// What made itself a session of its own may still hold them.
	_ = c.stdout.Close()
	_ = c.stderr.Close()
}

// refuse tells that a command cannot be run, as a shell does.
func refuse(channel ssh.Channel, why error) {
	code := exitNotExecutable
	if errors.Is(why, exec.ErrNotFound) || errors.Is(why, fs.ErrNotExist) {
		code = exitNotFound
	}
	fmt.Fprintln(channel.Stderr(), why)
	_, _ = channel.SendRequest("exit-status", false, exitStatus(code)) // it fails when the app is gone
	_ = channel.CloseWrite()
	_ = channel.Close()
}

// exitOf is the request that tells how a process ended (RFC 4254, 6.10).
func exitOf(state *os.ProcessState) (name string, wantReply bool, payload []byte) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "exit-signal", false, ssh.Marshal(struct {
			Signal         string
			CoreDumped     bool
			Message, Langs string
		}{Signal: strings.TrimPrefix(unix.SignalName(status.Signal()), "SIG"), CoreDumped: status.CoreDump()})
	}
	return "exit-status", false, exitStatus(state.ExitCode())
}

func exitStatus(code int) []byte {
	return ssh.Marshal(struct{ Code uint32 }{uint32(code)}) //nolint:gosec // 0 to 255
}
