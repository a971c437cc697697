// Judges histories with porcupine, as a second opinion on bitebyte.simulation.linearizability.
//
// Reads histories in the form of bitebyte.simulation.history from standard input, one event a
// line; an empty line ends a history and begins the next. Prints one line per history: ok,
// violated, or undecided when the time bound ran out. Exits with 2 if the input is no history.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// event is one line of a history.
type event struct {
	Event  string          `json:"event"`
	Time   int64           `json:"time"`
	Op     int64           `json:"op"`
	Client int             `json:"client"`
	Model  string          `json:"model"`
	Key    string          `json:"key"`
	Kind   string          `json:"kind"`
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output"`
}

// request is what an operation asks; the object is part of it, so that it can be split by object.
type request struct {
	object string
	model  string
	kind   string
	input  any
}

// answer is how it ended: ok, refused or unknown.
type answer struct {
	outcome string
	output  any
}

// operationsOf pairs invocations with their outcomes. What was dropped is left out; what is
// unknown returns after everything else.
func operationsOf(events []event) ([]porcupine.Operation, error) {
	open := map[int64]*porcupine.Operation{}
	var order []int64
	for _, e := range events {
		if e.Event == "invoke" {
			if _, isTwice := open[e.Op]; isTwice {
				return nil, fmt.Errorf("op %d is invoked twice", e.Op)
			}
			open[e.Op] = &porcupine.Operation{
				ClientId: e.Client,
				Input:    request{e.Model + "/" + e.Key, e.Model, e.Kind, decoded(e.Input)},
				Call:     e.Time,
				Output:   answer{"unknown", nil},
				Return:   math.MaxInt64,
			}
			order = append(order, e.Op)
			continue
		}
		operation := open[e.Op]
		if operation == nil {
			return nil, fmt.Errorf("op %d has an outcome but was not invoked", e.Op)
		}
		switch e.Event {
		case "dropped":
			delete(open, e.Op)
		case "ok", "refused":
			operation.Output = answer{e.Event, decoded(e.Output)}
			operation.Return = e.Time
		case "unknown":
		default:
			return nil, fmt.Errorf("no event is called %q", e.Event)
		}
	}
	var operations []porcupine.Operation
	for _, op := range order {
		if operation := open[op]; operation != nil {
			operations = append(operations, *operation)
		}
	}
	return operations, nil
}

// decoded turns JSON into nil, string, float64, []any or map[string]any.
func decoded(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err) // the whole line was parsed before
	}
	return value
}

// text writes a value down so that equal values have equal texts.
func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(written)
}

// perObject splits a history, which is exact: linearizability is local.
func perObject(history []porcupine.Operation) [][]porcupine.Operation {
	byObject := map[string][]porcupine.Operation{}
	for _, operation := range history {
		object := operation.Input.(request).object
		byObject[object] = append(byObject[object], operation)
	}
	var objects []string
	for object := range byObject {
		objects = append(objects, object)
	}
	sort.Strings(objects)
	var parts [][]porcupine.Operation
	for _, object := range objects {
		parts = append(parts, byObject[object])
	}
	return parts
}

// The state of every kind of object is a text, so that states compare and hash at once.
var model = porcupine.Model{
	Partition: perObject,
	Init:      func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		asked, told := input.(request), output.(answer)
		switch asked.model {
		case "register":
			return stepRegister(state.(string), asked, told)
		case "list":
			return stepList(state.(string), asked, told)
		case "counter", "stock":
			return stepStock(state.(string), asked, told)
		}
		panic("no model is called " + asked.model)
	},
}

func stepRegister(state string, asked request, told answer) (bool, any) {
	if state == "" {
		state = "null"
	}
	switch asked.kind {
	case "read":
		return told.outcome != "ok" || state == text(told.output), state
	case "write":
		if told.outcome == "refused" {
			return true, state
		}
		return true, text(asked.input)
	case "cas":
		values := asked.input.([]any)
		return conditional(state, told, state == text(values[0]), text(values[1]))
	}
	panic("a register does not know " + asked.kind)
}

func stepList(state string, asked request, told answer) (bool, any) {
	switch asked.kind {
	case "read":
		if told.outcome != "ok" {
			return true, state
		}
		var shown strings.Builder
		for _, value := range told.output.([]any) {
			shown.WriteString(text(value) + ",")
		}
		return state == shown.String(), state
	case "append":
		if told.outcome == "refused" {
			return true, state
		}
		return true, state + text(asked.input) + ","
	}
	panic("a list does not know " + asked.kind)
}

// stepStock also serves counters: `add` is a restock that may take.
func stepStock(state string, asked request, told answer) (bool, any) {
	available := map[string]float64{}
	if state != "" {
		if err := json.Unmarshal([]byte(state), &available); err != nil {
			panic(err) // written by us
		}
	}
	switch asked.kind {
	case "read":
		if told.outcome != "ok" {
			return true, state
		}
		for name, seen := range amounts(told.output) {
			if available[name] != seen {
				return false, state
			}
		}
		return true, state
	case "add", "restock", "release":
		if told.outcome == "refused" {
			return true, state
		}
		return true, changed(available, asked.input, 1)
	case "reserve":
		for name, wanted := range amounts(asked.input) {
			if available[name] < wanted {
				return conditional(state, told, false, "")
			}
		}
		return conditional(state, told, true, changed(available, asked.input, -1))
	}
	panic("a stock does not know " + asked.kind)
}

// conditional is for operations that take effect under a condition and are refused without it.
func conditional(state string, told answer, isMet bool, after string) (bool, any) {
	switch {
	case told.outcome == "ok":
		return isMet, after
	case told.outcome == "refused":
		return !isMet, state
	case isMet:
		return true, after
	}
	return true, state
}

func amounts(value any) map[string]float64 {
	if n, isNumber := value.(float64); isNumber {
		return map[string]float64{"": n}
	}
	byName := map[string]float64{}
	for name, n := range value.(map[string]any) {
		byName[name] = n.(float64)
	}
	return byName
}

func changed(available map[string]float64, input any, sign float64) string {
	for name, n := range amounts(input) {
		available[name] += sign * n
		if available[name] == 0 {
			delete(available, name)
		}
	}
	return text(available)
}

func verdict(events []event, timeout time.Duration) (string, error) {
	operations, err := operationsOf(events)
	if err != nil {
		return "", err
	}
	switch porcupine.CheckOperationsTimeout(model, operations, timeout) {
	case porcupine.Ok:
		return "ok", nil
	case porcupine.Illegal:
		return "violated", nil
	}
	return "undecided", nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func main() {
	timeout := flag.Duration("timeout", 10*time.Second, "time bound for each history")
	flag.Parse()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<30)
	var events []event
	judge := func() {
		if len(events) == 0 {
			return
		}
		told, err := verdict(events, *timeout)
		if err != nil {
			fail(err)
		}
		fmt.Println(told)
		events = nil
	}
	for number := 1; lines.Scan(); number++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			judge()
			continue
		}
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fail(fmt.Errorf("line %d: %w", number, err))
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
	judge()
}
