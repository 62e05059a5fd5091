//go:build race

package buffers

// raceDetector reports whether the program was built with the race detector.
const raceDetector = true
