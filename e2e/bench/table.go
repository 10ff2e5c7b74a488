package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A column of the table: its title and whether its cells stand at the right, as numbers do.
type column struct {
	title string
	right bool
}

func columns() []column {
	return []column{
		{title: "case"}, {title: "A : B"}, {title: "pin"}, {title: "measure"},
		{title: "ratio A/B", right: true}, {title: "range", right: true},
		{title: "A", right: true}, {title: "B", right: true}, {title: "target"},
	}
}

// A row has one cell for each column.
type row []string

// rowsOf renders one case. What is the same in all its rows is said in the first only.
func rowsOf(c testCase, pin string, results []series) []row {
	var rows []row
	for i, s := range results {
		sum := s.summarise()
		head := row{c.name, c.versus(), pin}
		if i > 0 {
			head = row{"", "", ""}
		}
		rows = append(rows, append(head,
			s.measure, number(sum.ratio), spread(sum), number(sum.a), number(sum.b), c.verdict(s.measure, sum)))
	}
	return rows
}

// failedRow stands for a case that gave a wrong reply, so that the table does not look complete without it.
func failedRow(c testCase, pin string) row {
	return row{c.name, c.versus(), pin, "FAILED", "", "", "", "", "see above"}
}

// spread is empty for a single pair, which has no range.
func spread(s summary) string {
	if s.pairs < 2 || math.IsNaN(s.low) {
		return ""
	}
	return number(s.low) + "-" + number(s.high)
}

// number shows three or more digits, the thousands apart.
func number(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "-"
	case size < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size < 1000:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return grouped(strconv.FormatFloat(v, 'f', 0, 64))
}

// grouped puts a comma before each third digit from the right.
func grouped(digits string) string {
	if len(digits) <= 3 || digits[len(digits)-4] == '-' {
		return digits
	}
	return grouped(digits[:len(digits)-3]) + "," + digits[len(digits)-3:]
}

// textTable lines the columns up with blanks.
func textTable(rows []row) string {
	all := append([]row{titles()}, rows...)
	widths := widthsOf(all)
	var b strings.Builder
	for _, r := range all {
		var line strings.Builder
		for i, col := range columns() {
			line.WriteString(padded(r[i], widths[i], col.right) + "  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// markdownTable is also lined up: it is read in editors as often as in a browser.
func markdownTable(rows []row) string {
	all := append([]row{titles()}, rows...)
	widths := widthsOf(all)
	var b strings.Builder
	for n, r := range all {
		for i, col := range columns() {
			fmt.Fprintf(&b, "| %s ", padded(r[i], widths[i], col.right))
		}
		b.WriteString("|\n")
		if n == 0 {
			b.WriteString(markdownRule(widths))
		}
	}
	return b.String()
}

func markdownRule(widths []int) string {
	var b strings.Builder
	for i, col := range columns() {
		end := "-"
		if col.right {
			end = ":"
		}
		b.WriteString("|-" + strings.Repeat("-", widths[i]) + end)
	}
	return b.String() + "|\n"
}

func titles() row {
	var r row
	for _, col := range columns() {
		r = append(r, col.title)
	}
	return r
}

func widthsOf(rows []row) []int {
	widths := make([]int, len(columns()))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func padded(cell string, width int, right bool) string {
	blanks := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if right {
		return blanks + cell
	}
	return cell + blanks
}
