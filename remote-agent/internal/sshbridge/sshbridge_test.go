//go:build linux

package sshbridge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// app is the other end of a bridge.
type app struct {
	*ssh.Client
	// input is the bridge's standard input.
	input *os.File
	// over answers what Serve did.
	over <-chan error
}

// within is the service with other limits.
func (s service) within(limits limits) service {
	s.limits = limits
	return s
}

// piped serves over pipes, as sudo has them. The fingerprint has been read of the answered output.
func piped(t *testing.T, ctx context.Context, of service) (input *os.File, output *bufio.Reader, fingerprint string, over <-chan error) {
	t.Helper()
	in, input := pipe(t)
	read, out := pipe(t)
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, in, out, of)
		out.Close()
	}()
	output = bufio.NewReader(read)
	line, err := output.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return input, output, strings.TrimSuffix(line, "\n"), done
}

func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		read.Close()
		write.Close()
	})
	return read, write
}

func open(t *testing.T, ctx context.Context, of service) app {
	t.Helper()
	input, output, fingerprint, over := piped(t, ctx, of)
	config := &ssh.ClientConfig{
		User: "root",
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if got := ssh.FingerprintSHA256(key); got != fingerprint {
				return fmt.Errorf("the key is %s, not %s", got, fingerprint)
			}
			return nil
		},
	}
	connection, channels, requests, err := ssh.NewClientConn(&stream{Reader: output, Writer: input, heard: func() {}}, "", config)
	if err != nil {
		t.Fatal(err)
	}
	return app{ssh.NewClient(connection, channels, requests), input, over}
}

// line is a command as the app sends it.
func line(t *testing.T, arguments ...string) string {
	t.Helper()
	text, err := json.Marshal(arguments)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (a app) session(t *testing.T) *ssh.Session {
	t.Helper()
	session, err := a.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// begin starts a command that says its process number first; it is read.
func (a app) begin(t *testing.T, script string) (pid int, session *ssh.Session) {
	t.Helper()
	session = a.session(t)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(line(t, "sh", "-c", "echo $$; "+script)); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(said)); err != nil {
		t.Fatal(err)
	}
	return pid, session
}

// gone waits until there is no process of that number and group.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		if errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Errorf("process %d has not ended", pid)
}

func isOver(t *testing.T, over <-chan error) error {
	t.Helper()
	select {
	case err := <-over:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the bridge goes on")
		return nil
	}
}

func TestCommandsRunAsTheyWouldElsewhere(t *testing.T) {
	bridge := open(t, context.Background(), forRoot)
	for _, test := range []struct {
		name             string
		arguments        []string
		input            string
		code             int
		signal, out, err string
	}{
		{"arguments", []string{"printf", "[%s]", "a b", "it's $(id)", "\"\n\\", ""}, "", 0, "", "[a b][it's $(id)][\"\n\\][]", ""},
		{"input", []string{"cat"}, "one\x00two", 0, "", "one\x00two", ""},
		{"input that nobody reads", []string{"true"}, strings.Repeat("x", 4<<20), 0, "", "", ""},
		{"both outputs and a code", []string{"sh", "-c", "echo out; echo err >&2; exit 7"}, "", 7, "", "out\n", "err\n"},
		{"a signal", []string{"sh", "-c", "kill -TERM $$"}, "", 0, "TERM", "", ""},
		{"no such program", []string{"/nowhere/program"}, "", exitNotFound, "", "", "/nowhere/program"},
		{"none in PATH", []string{"no-such-program"}, "", exitNotFound, "", "", "no-such-program"},
		{"no program", []string{"/etc/passwd"}, "", exitNotExecutable, "", "", "permission denied"},
		{"a process that goes on", []string{"sh", "-c", "setsid sleep 3 >/dev/null 2>&1 </dev/null & echo done"}, "", 0, "", "done\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			session := bridge.session(t)
			var out, said bytes.Buffer
			session.Stdin, session.Stdout, session.Stderr = strings.NewReader(test.input), &out, &said
			err := session.Run(line(t, test.arguments...))
			var ended *ssh.ExitError
			code, signal := 0, ""
			if errors.As(err, &ended) {
				code, signal = ended.ExitStatus(), ended.Signal()
			} else if err != nil && !errors.Is(err, io.EOF) { // EOF: not all of the input was taken
				t.Fatal(err)
			}
			if signal != "" {
				code = 0 // 128 and more, by the library
			}
			if code != test.code || signal != test.signal || out.String() != test.out || !strings.Contains(said.String(), test.err) {
				t.Errorf("%q = %d %s\nout: %q\nerr: %q", test.arguments, code, signal, out.String(), said.String())
			}
		})
	}
}

func TestWhatIsNoCommandIsRefused(t *testing.T) {
	bridge := open(t, context.Background(), forRoot)
	for _, text := range []string{"", "true", "[]", `[""]`, `{"a":1}`, `["true"`, `["true", 1]`} {
		if err := bridge.session(t).Run(text); err == nil {
			t.Errorf("%q was run", text)
		}
	}
	if _, err := bridge.Dial("tcp", "127.0.0.1:22"); err == nil {
		t.Error("it forwards")
	}
	session := bridge.session(t)
	if err := session.Shell(); err == nil {
		t.Error("there is a shell")
	}
	if err := session.Setenv("PATH", "/tmp"); err == nil {
		t.Error("the environment is the app's to choose")
	}
	if err := bridge.session(t).Run(line(t, "true")); err != nil {
		t.Errorf("and now nothing runs: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	bridge := open(t, context.Background(), forRoot)
	var all sync.WaitGroup
	for number := range 60 {
		all.Go(func() {
			out, err := bridge.session(t).Output(line(t, "sh", "-c", "sleep 0.1; echo "+strconv.Itoa(number)))
			if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(number) {
				t.Errorf("%d = %q, %v", number, out, err)
			}
		})
	}
	all.Wait()
}

func TestOutputThatNobodyTakesStallsItsCommandAlone(t *testing.T) {
	bridge := open(t, context.Background(), forRoot)
	const size = 64 << 20
	session := bridge.session(t)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(line(t, "sh", "-c", fmt.Sprintf("head -c %d /dev/zero; echo all >&2", size))); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("it printed all at once: %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	if out, err := bridge.session(t).Output(line(t, "echo", "meanwhile")); err != nil || string(out) != "meanwhile\n" {
		t.Errorf("another command = %q, %v", out, err)
	}
	count, err := io.Copy(io.Discard, output)
	if err != nil || count != size {
		t.Errorf("%d bytes came, %v", count, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestASignalReachesTheWholeGroup(t *testing.T) {
	bridge := open(t, context.Background(), forRoot)
	pid, session := bridge.begin(t, "sleep 1000 & sleep 1000")
	if err := session.Signal("NONSENSE"); err != nil {
		t.Fatal(err)
	}
	if err := session.Signal(ssh.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var ended *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &ended) || ended.Signal() != "TERM" {
		t.Errorf("it ended by %v", err)
	}
	gone(t, pid)
}

func TestAClosedChannelEndsItsCommandAlone(t *testing.T) {
	bridge := open(t, context.Background(), forRoot.within(limits{time.Minute, 300 * time.Millisecond}))
	gentle, first := bridge.begin(t, "sleep 1000")
	deaf, second := bridge.begin(t, "trap '' TERM; while :; do sleep 1; done")
	other, _ := bridge.begin(t, "sleep 1000")
	first.Close()
	second.Close()
	gone(t, gentle)
	gone(t, deaf)
	if err := syscall.Kill(other, 0); err != nil {
		t.Errorf("another ended with them: %v", err)
	}
	if err := bridge.session(t).Run(line(t, "true")); err != nil {
		t.Error(err)
	}
}

// Whatever ends a bridge, no command outlives it.
func TestNothingOutlivesTheBridge(t *testing.T) {
	brief := forRoot.within(limits{time.Minute, 300 * time.Millisecond})
	for _, test := range []struct {
		name string
		end  func(bridge app, stop context.CancelFunc)
	}{
		{"its input ends", func(bridge app, _ context.CancelFunc) { bridge.input.Close() }},
		{"garbage comes", func(bridge app, _ context.CancelFunc) {
			_, _ = bridge.input.Write(bytes.Repeat([]byte("garbage "), 2000))
		}},
		{"it is asked to end", func(_ app, stop context.CancelFunc) { stop() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			bridge := open(t, ctx, brief)
			gentle, _ := bridge.begin(t, "sleep 1000 & sleep 1000")
			deaf, _ := bridge.begin(t, "trap '' TERM HUP; while :; do sleep 1; done")
			printing, _ := bridge.begin(t, "while :; do echo more; done")
			test.end(bridge, stop)
			if err := isOver(t, bridge.over); err != nil {
				t.Error(err)
			}
			for _, pid := range []int{gentle, deaf, printing} {
				gone(t, pid)
			}
		})
	}
}

func TestSilenceEndsIt(t *testing.T) {
	bridge := open(t, context.Background(), forRoot.within(limits{silence: 400 * time.Millisecond, patience: time.Second}))
	pid, _ := bridge.begin(t, "sleep 1000")
	for range 4 { // signs of life, as the app gives them
		time.Sleep(200 * time.Millisecond)
		if _, _, err := bridge.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := isOver(t, bridge.over); err != nil {
		t.Error(err)
	}
	gone(t, pid)
}

func TestOtherWordsThanSSH(t *testing.T) {
	for _, test := range []struct {
		name, said string
		fails      bool
	}{
		// The receipt of the app, run by hand.
		{"nothing", "", false},
		{"a shell's", "id\nexit\n", true},
		{"garbage", strings.Repeat("\x00\xff", 5000), true},
		{"half a greeting", "SSH-2.0-app\r\n\x00\x00", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			input, output, _, over := piped(t, context.Background(), forRoot)
			go func() { _, _ = io.Copy(io.Discard, output) }()
			_, _ = input.WriteString(test.said)
			input.Close()
			if err := isOver(t, over); (err != nil) != test.fails {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}
