// tests/host/libsys/fake_kernel.hpp - enough of a kernel for host tests of programs: handles,
// memory, processes, endpoints, devices. It keeps count of everything, and can refuse the n-th
// call.
//
// It is the kernel of the thread that made it, until it dies. The caller is one process; children
// only hold things.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <abi/boot.hpp>
#include <abi/syscall.hpp>
#include <sys/machine.hpp>

namespace fake {

// One object of any kind; handles share it.
struct Object {
    Object(abi::Kind of, u64 number) : kind{of}, id{number} {}

    abi::Kind kind;
    u64 id;

    std::vector<std::byte> bytes;  // memory

    bool dead = false;  // process
    abi::ProcessInfo info{};
    abi::ProcessQuota quota{};
    std::map<u64, std::shared_ptr<Object>> table;  // slots of a child
    struct Placed {
        std::shared_ptr<Object> memory;
        u64 address;
        u64 bytes;
        abi::Rights rights;
    };
    std::vector<Placed> placed;  // mappings in a child
    struct Thread {
        u64 entry, stack, argument, priority;
    };
    std::vector<Thread> threads;
    std::vector<abi::Rights> granted;  // in the order of the grants
    u64 badges_paid = 0;
    abi::Bits watched{};

    bool given_up = false;   // endpoint
    bool attended = true;    // its server waits
    std::set<u64> badges{};  // that were minted
    u64 badge = 0;           // of a minted handle's own object

    std::map<u64, u32> registers{};  // device: what reads give
    bool stuck = false;              // its status never reads 0
    u64 quiesced = 0;
    std::weak_ptr<Object> owner;  // weak: the owner holds the device
    abi::Rights lent{};           // with these rights
};

class Kernel {
public:
    Kernel();
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    // A handle of the caller to a new object.
    abi::Slot give(abi::Kind kind, abi::Rights rights = abi::right::all);
    abi::Slot give_memory(std::vector<std::byte> bytes);
    // A virtio-mmio slot that holds a device of this id; 0: empty.
    abi::Slot give_device(u32 virtio_id, u32 version = 2);
    abi::Slot insert(std::shared_ptr<Object> object, abi::Rights rights = abi::right::all);

    std::shared_ptr<Object> at(abi::Slot slot) const;
    usize handles() const { return table_.size(); }
    usize mappings() const { return mappings_.size(); }
    std::vector<std::shared_ptr<Object>> processes() const;

    // The n-th call from now (from 0) is refused.
    void refuse(u64 nth, Errc why = Errc::no_memory)
    {
        refuse_at_ = calls_ + nth;
        refusal_ = why;
    }
    bool refused() const { return refused_; }
    u64 calls() const { return calls_; }
    // Processes whose last handle was closed while they lived: nobody can end them any more.
    u64 abandoned() const { return abandoned_; }

    // Answers what this kernel leaves to the test: call, recv, reply_recv, reply, wait, exit ...
    std::function<void(abi::Syscall, sys::Registers&)> other;

    std::vector<std::string> log;
    std::vector<std::string> out;
    std::vector<u64> verdicts;

private:
    using Shared = std::shared_ptr<Object>;
    struct Handle {
        Shared object;
        abi::Rights rights;
    };

    void answer(sys::Registers& r);
    Errc perform(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc handles_call(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc memory_call(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc endpoint_call(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc process_call(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc device_call(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc system_call(abi::Syscall call, abi::Slot about, sys::Registers& r);

    Errc map(const Handle& memory, sys::Registers& r);
    Errc io(Object& device, sys::Registers& r);
    Handle* find(abi::Slot slot, abi::Kind kind, abi::Rights needed);
    u64 insert_into(Object& process, Shared object);

    std::map<u64, Handle> table_;
    std::multimap<u64, u64> mappings_;  // address, bytes
    std::vector<std::weak_ptr<Object>> made_;
    std::vector<Shared> mapped_;
    u64 next_id_ = 1;
    u64 next_generation_ = 1;
    u64 calls_ = 0;
    u64 abandoned_ = 0;
    u64 refuse_at_ = ~u64{0};
    Errc refusal_ = Errc::no_memory;
    bool refused_ = false;
};

}  // namespace fake
