package control

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// AdoptControl listens on a control socket that another process has made and bound to path for a uid: root's, for an
// agent that has no right to make one any more. socket may be closed afterwards.
func AdoptControl(socket *os.File, path string, uid int) (net.Listener, error) {
	adopted, err := net.FileListener(socket)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	made, ok := adopted.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen on %s: not a Unix socket", path), adopted.Close())
	}
	made.SetUnlinkOnClose(false)
	return &listener{UnixListener: made, path: path, uid: uid}, nil
}
