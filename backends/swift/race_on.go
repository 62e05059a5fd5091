//go:build race

package swift

// raceDetector says whether the program was built with the race detector.
const raceDetector = true
