// Command split is split.py in Go.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

var sink uint32

//go:noinline
func threadSeconds() float64 {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var now syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Nano()) * 1e-9
}

//go:noinline
func burn(until float64) {
	for threadSeconds() < until {
		number := sink
		for range 20000 {
			number = number*1103515245 + 12345
		}
		sink = number
	}
}

//go:noinline
func seventy(until float64) { burn(until); sink++ }

//go:noinline
func twenty(until float64) { burn(until); sink++ }

//go:noinline
func ten(until float64) { burn(until); sink++ }

func main() {
	runtime.LockOSThread()
	var ended atomic.Bool
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() { <-told; ended.Store(true) }()
	works := [3]func(float64){seventy, twenty, ten}
	shares := [3]float64{0.7, 0.2, 0.1}
	var spent [3]float64
	began := threadSeconds()
	parent := os.Getppid()
	for !ended.Load() && os.Getppid() == parent {
		total, behind := spent[0]+spent[1]+spent[2], 0
		for i := range shares {
			if shares[i]*total-spent[i] > shares[behind]*total-spent[behind] {
				behind = i
			}
		}
		since := threadSeconds()
		works[behind](since + 0.0005 + 0.001*rand.Float64())
		spent[behind] += threadSeconds() - since
	}
	total := threadSeconds() - began
	fmt.Printf("%.3f %.3f %.3f\n", 100*spent[0]/total, 100*spent[1]/total, 100*spent[2]/total)
}
