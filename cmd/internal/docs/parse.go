package docs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Parse reads a page. It knows the Markdown that our pages are written in: headings with
// "#", tables, links, indented and fenced blocks.
func Parse(path, content string) *Document {
	p := parser{doc: &Document{Path: path}, anchors: map[string]int{}, blank: true}
	for line := range strings.Lines(content) {
		p.number++
		p.line(strings.TrimRight(line, "\r\n"))
	}
	p.endTable()
	for _, b := range p.doc.Blocks {
		dedent(b.Lines)
	}
	return p.doc
}

// dedent takes the blanks off that all lines begin with: those of a list.
func dedent(lines []string) {
	common := len(lines[0])
	for _, line := range lines {
		common = min(common, len(line)-len(strings.TrimLeft(line, " ")))
	}
	for i, line := range lines {
		lines[i] = line[common:]
	}
}

type parser struct {
	doc      *Document
	number   int
	section  string
	anchors  map[string]int // how often each was met
	blank    bool           // the line before was, or was of a block
	fenced   bool
	language string
	block    *Block
	table    *Table
}

// indent is what makes a line one of a block.
const indent = "    "

func (p *parser) line(line string) {
	language, fence := strings.CutPrefix(line, "```")
	example, indented := strings.CutPrefix(line, indent)
	switch {
	case fence:
		p.fenced, p.language = !p.fenced, language
		p.block = nil
		return
	case p.fenced:
		p.example(line)
		return
	case strings.TrimSpace(line) == "":
		p.blank = true
		p.endTable()
		return
	case indented && (p.blank || p.block != nil):
		p.example(example)
		return
	}
	p.block, p.blank = nil, false
	p.prose(line)
}

func (p *parser) example(line string) {
	if p.block == nil {
		p.doc.Blocks = append(p.doc.Blocks, Block{Line: p.number, Section: p.section, Language: p.language})
		p.block = &p.doc.Blocks[len(p.doc.Blocks)-1]
	}
	p.block.Lines = append(p.block.Lines, line)
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func (p *parser) prose(line string) {
	p.doc.Prose += line + "\n"
	for _, m := range link.FindAllStringSubmatch(withoutCode(line), -1) {
		p.doc.Links = append(p.doc.Links, Link{p.number, m[1]})
	}
	if level := len(line) - len(strings.TrimLeft(line, "#")); level > 0 && strings.HasPrefix(line[level:], " ") {
		p.heading(strings.TrimSpace(line[level:]))
		return
	}
	if strings.HasPrefix(line, "|") {
		p.row(cells(line))
	} else {
		p.endTable()
	}
}

func (p *parser) heading(title string) {
	p.endTable()
	p.section = title
	anchor := Anchor(title)
	n := p.anchors[anchor]
	p.anchors[anchor]++
	if n > 0 {
		anchor = fmt.Sprintf("%s-%d", anchor, n)
	}
	p.doc.Anchors = append(p.doc.Anchors, anchor)
}

// Anchor returns the anchor that GitHub makes of a heading.
func Anchor(title string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
			b.WriteRune(c)
		case c == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

func (p *parser) row(cells []string) {
	switch {
	case p.table == nil:
		p.table = &Table{Line: p.number, Section: p.section, Header: cells}
	case strings.Trim(strings.Join(cells, ""), "-: ") == "": // the line below the header
	default:
		p.table.Rows = append(p.table.Rows, cells)
	}
}

func (p *parser) endTable() {
	if p.table != nil {
		p.doc.Tables = append(p.doc.Tables, *p.table)
	}
	p.table = nil
}

// cells splits a line at the bars that have no backslash before them.
func cells(line string) (list []string) {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, bar)
	for cell := range strings.SplitSeq(line, "|") {
		list = append(list, strings.TrimSpace(strings.ReplaceAll(cell, bar, "|")))
	}
	return list
}

var code = regexp.MustCompile("`[^`]*`")

func withoutCode(line string) string { return code.ReplaceAllString(line, "") }
