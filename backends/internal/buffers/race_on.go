//go:build race

package buffers

// raceDetector says whether the program was built with the race detector.
const raceDetector = true
