// Package checks holds what must be true of the repository as a whole: its
// tests read packages, documents and fuzz targets and compare them. It has no
// code of its own to import.
package checks
