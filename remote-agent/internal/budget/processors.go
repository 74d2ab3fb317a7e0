package budget

import "runtime"

// cpusAProcessor is how many CPUs one of the Go runtime's processors reads the samples of: at 97 Hz they take a third of it.
const cpusAProcessor = 32

// LimitProcessors makes the Go runtime run with few processors (GOMAXPROCS). On a busy machine the threads that look for work among
// more of them, and the stops of the world that wait for each, cost as much as the samples: with one in place of two, the
// agent of 20 busy processes on two CPUs took a third less.
func LimitProcessors() { runtime.GOMAXPROCS(processors(runtime.NumCPU())) }

func processors(cpus int) int { return 1 + cpus/cpusAProcessor }
