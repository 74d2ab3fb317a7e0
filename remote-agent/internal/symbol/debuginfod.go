package symbol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/netmeter"
)

// Bounds of what is asked of debug file servers: a slow or hostile one costs time of its own thread and a bounded part of the
// cache, never a sample.
const (
	maxRemoteBytes = 128 << 20
	// remotePatience is for the answers of all servers to one question; it ends before the resolver gives its reader up.
	remotePatience = 20 * time.Second
	// remoteRetry is how long a build that no server has, or that was refused, is not asked for again.
	remoteRetry  = 24 * time.Hour
	maxRedirects = 3
	// After maxRemoteFailures answers that failed, one after the other, nobody is asked for remotePause.
	maxRemoteFailures = 3
	remotePause       = 10 * time.Minute
	maxRemoteRefused  = 1 << 14

	debugSuffix = ".debug"
)

// installedDebugPath is where a separate debug file is looked for by its build-id.
var installedDebugPath = regexp.MustCompile(`^` + debugRoot + `/\.build-id/([0-9a-f]{2})/([0-9a-f]{2,126})\.debug$`)

// CheckDebuginfod says in one sentence what is wrong with the address of a debug file server.
func CheckDebuginfod(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return fmt.Errorf("%q is not the address of a debuginfod server, as https://debuginfod.debian.net is", address)
	}
	return nil
}

// remoteRoot is a root in which debug files that are not installed are got from debuginfod servers by their build-id, and kept
// in the cache. Nothing but the build-id is sent. Safe for concurrent use.
type remoteRoot struct {
	installed opener // asked first
	servers   []string
	cache     *lineCache
	counters  *counters
	logger    *slog.Logger
	client    *http.Client
	now       func() time.Time

	mutex    sync.Mutex
	refused  map[string]time.Time // by build-id: not to be asked for before
	failures int
	paused   time.Time
}

func newRemoteRoot(installed opener, servers []string, cache *lineCache, counted *counters, options Options) *remoteRoot {
	return &remoteRoot{
		installed: installed, servers: servers, cache: cache, counters: counted, logger: options.Logger, now: options.Now,
		refused: map[string]time.Time{},
		client: &http.Client{
			// DisableCompression: a packed answer could grow without measure, and servers send files as they are.
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DisableCompression: true, DisableKeepAlives: true,
				DialContext: netmeter.Counted((&net.Dialer{Timeout: 30 * time.Second}).DialContext),
			},
			CheckRedirect: func(request *http.Request, via []*http.Request) error {
				if len(via) > maxRedirects {
					return errors.New("too many redirects")
				}
				if first := via[0].URL.Scheme; request.URL.Scheme != first && request.URL.Scheme != "https" {
					return fmt.Errorf("redirected from %s to %s", first, request.URL.Scheme)
				}
				return nil
			},
		},
	}
}

func (r *remoteRoot) open(path string) (*boundedFile, error) {
	opened, err := r.installed.open(path)
	if err == nil || reasonOf(err) != ReasonGone {
		return opened, err
	}
	named := installedDebugPath.FindStringSubmatch(path)
	if named == nil {
		return nil, err
	}
	buildID := named[1] + named[2]
	kept := filepath.Join(r.cache.directory, cachePrefix+buildID+debugSuffix)
	if opened, openErr := openKept(kept); openErr == nil {
		return opened, nil
	}
	if !r.mayAsk(buildID) {
		return nil, err
	}
	if fetchErr := r.fetch(buildID, kept); fetchErr != nil {
		return nil, fetchErr
	}
	return openKept(kept)
}

// openKept opens a file of the cache, and says that it is in use.
func openKept(path string) (*boundedFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	status, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // the age by which it is evicted; an older one costs a file too early
	return newBoundedFile(file, status.Size()), nil
}

func (r *remoteRoot) mayAsk(buildID string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now := r.now()
	return !now.Before(r.paused) && !now.Before(r.refused[buildID])
}

// fetch asks the servers in turn.
func (r *remoteRoot) fetch(buildID, kept string) error {
	err := refuse(ReasonGone, "no debug file server has build %s", buildID)
	failed := false
	ctx, cancel := context.WithTimeout(context.Background(), remotePatience)
	defer cancel()
	for _, server := range r.servers {
		r.counters.add(counterRemoteAsked, 1)
		answer := r.fetchFrom(ctx, server, buildID, kept)
		if answer == nil {
			r.counters.add(counterRemoteGot, 1)
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.failures = 0
			return r.cache.makeRoom(filepath.Base(kept))
		}
		if reasonOf(answer) != ReasonGone {
			failed, err = true, answer
			r.logger.Info("a debug file is not taken from its server", slog.String("server", server), slog.String("build_id", buildID), slog.Any("reason", answer))
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.refused) >= maxRemoteRefused {
		clear(r.refused)
	}
	r.refused[buildID] = r.now().Add(remoteRetry)
	if !failed {
		r.failures = 0
	} else if r.failures++; r.failures >= maxRemoteFailures {
		r.failures, r.paused = 0, r.now().Add(remotePause)
	}
	return err
}

func (r *remoteRoot) fetchFrom(ctx context.Context, server, buildID, kept string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(server, "/")+"/buildid/"+buildID+"/debuginfo", nil)
	if err != nil {
		return refuse(ReasonRemote, "ask for debug file: %w", err)
	}
	request.Header.Set("User-Agent", "pyrometer-agent")
	response, err := r.client.Do(request)
	if err != nil {
		return refuse(ReasonRemote, "ask for debug file: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return refuse(ReasonGone, "the server does not have it")
	case response.StatusCode != http.StatusOK:
		return refuse(ReasonRemote, "the server answers %d", response.StatusCode)
	case response.Header.Get("Content-Encoding") != "":
		return refuse(ReasonRemote, "the server sends it packed as %.20q", response.Header.Get("Content-Encoding"))
	case response.ContentLength > maxRemoteBytes:
		return refuse(ReasonSize, "it has %d bytes, at most %d are taken", response.ContentLength, maxRemoteBytes)
	}
	return r.keep(response.Body, buildID, kept)
}

// keep writes an answer into the cache when it is the debug file that was asked for.
func (r *remoteRoot) keep(body io.Reader, buildID, kept string) (err error) {
	file, err := os.CreateTemp(r.cache.directory, cachePrefix+"new-")
	if err != nil {
		return fmt.Errorf("keep debug file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), ignoreMissing(os.Remove(file.Name())))
		}
	}()
	size, err := io.Copy(file, io.LimitReader(body, maxRemoteBytes+1))
	if err != nil {
		return refuse(ReasonRemote, "get debug file: %w", err)
	}
	if size > maxRemoteBytes {
		return refuse(ReasonSize, "it has more than %d bytes", maxRemoteBytes)
	}
	debug, err := readImage(file, size)
	if err != nil {
		return err
	}
	if got, err := debug.buildID(); err != nil || got != buildID {
		return errors.Join(refuse(ReasonChecksum, "the server sends build-id %q for %q", got, buildID), err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("keep debug file: %w", err)
	}
	return os.Rename(file.Name(), kept)
}
