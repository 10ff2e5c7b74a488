package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A cpuPlan knows the CPUs that there are to pin to.
type cpuPlan struct {
	all    unix.CPUSet // what the driver was started with
	first  unix.CPUSet
	second unix.CPUSet // empty when there is only one: then nothing is pinned
}

// newCPUPlan takes the first two CPUs it may use.
func newCPUPlan() (cpuPlan, error) {
	var plan cpuPlan
	if err := unix.SchedGetaffinity(0, &plan.all); err != nil {
		return plan, fmt.Errorf("CPU affinity: %w", err)
	}
	var usable []int
	for cpu := range 64 * len(plan.all) {
		if plan.all.IsSet(cpu) && len(usable) < 2 {
			usable = append(usable, cpu)
		}
	}
	if len(usable) == 2 {
		plan.first.Set(usable[0])
		plan.second.Set(usable[1])
	}
	return plan, nil
}

// possible turns a wish into what this machine can do.
func (p cpuPlan) possible(wish pinning) pinning {
	if p.second.Count() == 0 {
		return pinNone
	}
	return wish
}

// forHelper and forDriver bind the calling thread.
func (p cpuPlan) forHelper(wish pinning) error {
	if p.possible(wish) == pinNone {
		return bind(p.all)
	}
	return bind(p.second)
}

func (p cpuPlan) forDriver(wish pinning) error {
	switch p.possible(wish) {
	case pinSplit:
		return bind(p.first)
	case pinSame:
		return bind(p.second)
	}
	return bind(p.all)
}

func bind(set unix.CPUSet) error {
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("CPU affinity: %w", err)
	}
	return nil
}
