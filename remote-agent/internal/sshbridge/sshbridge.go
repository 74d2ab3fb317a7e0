//go:build linux

// Package sshbridge carries many commands over one stream, with the rights of who started it. It speaks the server's side of SSH
// (RFC 4251 to 4254), a session for each command, until the stream ends.
//
// For root: the app gives sudo the user's password once; what sudo runs then is this, and it runs all else that needs root. For
// who logged in: where the system's ssh cannot share a connection, its one session runs this, and all others are sessions of it.
package sshbridge

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// limits are how long a bridge waits for others.
type limits struct {
	// silence: for a sign of life of the app, which gives one every ten seconds. sshd keeps the session of a connection that was
	// cut in silence for hours, and root's commands must not wait there.
	silence time.Duration
	// patience: for a command that was asked to end.
	patience time.Duration
}

// service is what one bridge does for the app.
type service struct {
	limits limits
	// arguments reads a command as an exec request has it.
	arguments func(payload []byte) ([]string, error)
	// streams: it opens connections, too.
	streams bool
}

var (
	forRoot = service{limits{silence: time.Minute, patience: 5 * time.Second}, argumentList, false}
	// Nothing of root's waits there, and a laptop that slept may find its connection as it was.
	forLogin = service{limits{silence: 12 * time.Hour, patience: 5 * time.Second}, shellLine, true}
)

// errSilent says that nobody is at the other end.
var errSilent = errors.New("nothing was heard of the app for too long")

// ServeRoot says the fingerprint of its key in one line of out, then runs the commands that in asks for until in ends, ctx does,
// or nothing was heard for a minute. A command is a JSON list of arguments, which no shell reads. No command outlives it, but what
// made itself a session of its own, as an agent does. There is no authentication within: who holds the stream gave sudo the
// password. The key is made for this stream. It keeps other programs of that user, which may get hold of the stream later, from
// adding commands.
//
// in may still be read from when ServeRoot has returned.
func ServeRoot(ctx context.Context, in io.Reader, out io.Writer) error {
	return serve(ctx, in, out, forRoot)
}

// ServeLogin does as sshd would for the user that it runs as: as ServeRoot, but a command is a line for the shell, connections are
// opened to addresses and Unix sockets, and it waits for half a day.
func ServeLogin(ctx context.Context, in io.Reader, out io.Writer) error {
	return serve(ctx, in, out, forLogin)
}

func serve(ctx context.Context, in io.Reader, out io.Writer, service service) error {
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	key, err := ssh.NewSignerFromKey(secret)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if _, err := fmt.Fprintln(out, ssh.FingerprintSHA256(key.PublicKey())); err != nil {
		return fmt.Errorf("say the key's fingerprint: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := service.limits.silence
	heard := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer heard.Stop()
	s := &server{service: service, running: map[*command]struct{}{}}
	over := make(chan error, 1)
	go func() {
		over <- s.accept(ctx, &stream{Reader: in, Writer: out, heard: func() { heard.Reset(silence) }}, key)
	}()
	select {
	case err = <-over:
	case <-ctx.Done(): // who asks for the end, or is silent, needs no words
	}
	s.end()
	return err
}

// server is one bridge.
type server struct {
	service service

	mu      sync.Mutex
	running map[*command]struct{}
	// ended: nothing is started any more.
	ended bool
}

// accept greets the app and opens its sessions; it returns when the stream ends. An end is no failure once there was a greeting, nor
// is one without a word: the receipt of the app, run by hand, comes to that.
func (s *server) accept(ctx context.Context, over *stream, key ssh.Signer) error {
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	connection, channels, requests, err := ssh.NewServerConn(over, config)
	if errors.Is(err, io.EOF) && !over.spoken() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("greet the app: %w", err)
	}
	go ssh.DiscardRequests(requests) // answers its signs of life
	for opened := range channels {
		if s.service.streams && isStream(opened) {
			go connect(ctx, opened)
			continue
		}
		if opened.ChannelType() != "session" {
			_ = opened.Reject(ssh.UnknownChannelType, "there are commands only") // the stream's end says the rest
			continue
		}
		channel, requests, err := opened.Accept()
		if err != nil {
			continue // the stream ended
		}
		go s.session(channel, requests)
	}
	_ = connection.Wait() // why the stream ended changes nothing
	return nil
}

// session runs the one command of a channel, and ends it when the app closes the channel.
func (s *server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	var running *command
	for request := range requests {
		done := false
		switch {
		case request.Type == "exec" && running == nil:
			if arguments, err := s.service.arguments(request.Payload); err == nil {
				done = true
				// Answered first: what a short command says must not come before.
				reply(request, done)
				running = s.start(channel, arguments)
				continue
			}
		case request.Type == "signal" && running != nil:
			done = running.signalNamed(request.Payload)
		}
		reply(request, done)
	}
	if running != nil {
		running.end(s.service.limits.patience)
	}
}

func reply(request *ssh.Request, done bool) {
	if request.WantReply {
		_ = request.Reply(done, nil) // it fails when the stream ended, which all else notices
	}
}

// start runs a command; nil when it cannot be run, which the app has been told.
func (s *server) start(channel ssh.Channel, arguments []string) *command {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = channel.Close()
		return nil
	}
	started, err := startCommand(channel, arguments)
	if err != nil {
		refuse(channel, err)
		return nil
	}
	s.running[started] = struct{}{}
	go func() {
		started.carry(channel)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, started)
	}()
	return started
}

// end ends all commands.
func (s *server) end() {
	s.mu.Lock()
	s.ended = true
	running := slices.Collect(maps.Keys(s.running))
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, each := range running {
		all.Go(func() { each.end(s.service.limits.patience) })
	}
	all.Wait()
}
