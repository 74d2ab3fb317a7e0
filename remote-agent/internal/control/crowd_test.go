package control

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
)

// connected opens a connection and writes a text to it.
func connected(t *testing.T, address, text string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err == nil {
		_, err = io.WriteString(connection, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// answersWithin makes a request of its own connection.
func answersWithin(t *testing.T, patience time.Duration, request *http.Request) {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return
	}
	if answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}

func TestConnectionsThatDoNothingMakeRoom(t *testing.T) {
	listener, err := ListenMetrics("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveMetrics(t, listener, &agentv1.Status{})
	address := "http://" + listener.Addr().String()
	for range 2 * maxMetricsConnections {
		// Half of them fill the places, and the others the queue before them.
		connected(t, address, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	// Each that waits in front costs a moment; without making room it would be minutes.
	answersWithin(t, (maxMetricsConnections+8)*crowdedAfter, request)
}

func TestSlowBodiesKeepNobodyFromPushing(t *testing.T) {
	address, _ := ingestBed(t)
	var slow sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 * maxPushesAtOnce {
		length := 1000
		if i%2 == 0 {
			length = 10 * shortBodyBytes
		}
		connection := connected(t, address, fmt.Sprintf("POST /ingest?name=slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n", length))
		slow.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
					if _, err := io.WriteString(connection, "x"); err != nil {
						return
					}
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/ingest?name=quick", strings.NewReader("main 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	answersWithin(t, 5*time.Second, request)
	close(stop)
	slow.Wait()
}

func TestABodyWithoutAnEndIsCut(t *testing.T) {
	address, _ := ingestBed(t)
	connection := connected(t, address, "POST /ingest?name=endless HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := "10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n"
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for ; sent < 8*maxPushBytes; sent += len(chunk) {
		if _, err := io.WriteString(connection, chunk); err != nil {
			break // cut off
		}
	}
	if sent > 4*maxPushBytes { // the kernel buffers much
		t.Errorf("%d bytes were taken", sent)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return // reset before the answer was read
	}
	if answer.Body.Close() != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(answer.Status)
	}
}
