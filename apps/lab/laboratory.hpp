// lab/laboratory.hpp - carries out an order: trial after trial, each with a line that says all
// about it.
//
// A trial: what exists is counted; the fault is ordered; the load runs to its end; one more request
// must be answered well; what exists is counted again. A victim that lives on with a fault in it is
// started again before the next trial.
#pragma once

#include "random_load.hpp"
#include "standing.hpp"
#include "watcher.hpp"

#include <abi/fault.hpp>
#include <lab/verdict.hpp>

namespace lab {

class Laboratory {
public:
    Laboratory(const sys::Startup& given, const Order& order, Watcher& watcher, Pieces& pieces)
        : given_{&given}, order_{order}, watcher_{&watcher}, pieces_{&pieces}
    {
    }

    // Errors: those of what the laboratory itself needs.
    Result<> open();
    // Its first trial is a rehearsal that nobody hears of: after it there is what there will be.
    void run();
    // The trial that goes on will not end.
    void give_up();

private:
    // All that is said of a trial.
    struct Record {
        Trial trial{};
        Facts facts{};
        abi::FaultReport fault{};
        u64 began = 0;     // ticks
        u64 fault_at = 0;  // 0: it did not fire
        u64 dead_at = 0;
        u64 good_at = 0;
        u64 ended = 0;
        u64 left = 0;  // kinds of things of which there are more, or fewer
        u64 first_sector = 0;
        u32 client = 0;
        bool sealed = false;
    };

    void attempt(const Trial& trial);
    template <class L>
    void expose(L load, Record& record);
    template <class L>
    void drive(L& load, Record& record);
    template <class L>
    void look_after(L& load, Record& record);
    Result<> arm(const Trial& trial);
    void read_fault(Record& record);
    void count_ends(const Programs& before, Record& record);
    void settle(const Amounts& before, Record& record);
    void say(const Record& record);

    const sys::Startup* given_;
    Order order_;
    Watcher* watcher_;
    Pieces* pieces_;
    sys::Borrowed<sys::Endpoint> names_{};
    Victim victim_;
    Record record_;
    u64 typed_ = 0;     // keys, by the host
    u32 restarts_ = 0;  // that the laboratory asked for in this trial
};

}  // namespace lab
