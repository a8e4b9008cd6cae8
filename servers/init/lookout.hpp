// init/lookout.hpp - which servers are looked at, and one look at those of a CPU. init's first
// thread says which; each looker looks at those whose CPU is its own.
#pragma once

#include "stillness.hpp"

#include <array>
#include <atomic>

#include <abi/boot.hpp>
#include <sys/endpoint.hpp>

namespace init {

// An instance of a server that is to be looked at, as one word; 0: nobody.
struct Watched {
    using Cpu = Field<7, 0>;       // as ProcessInfo's
    using Starting = Field<8, 8>;  // it did not say Ready yet
    using There = Field<9, 9>;
    using Epoch = Field<63, 32>;
};

// Written by init's first thread, but for `guilty`; read by the lookers.
class Roll {
public:
    struct Server {
        sys::Borrowed<sys::Endpoint> endpoint{};
        const abi::Progress* progress = nullptr;
        std::atomic<u64> watched = 0;
        std::atomic<u64> guilty = 0;  // `watched` of the instance that hangs
    };

    explicit Roll(const proto::table::Hang& policy) : policy_{policy} {}

    const proto::table::Hang& policy() const { return policy_; }
    std::array<Server, proto::table::max_programs>& servers() { return servers_; }

    // Both stay as long as init. Before it is watched for the first time.
    void enter(u32 server, sys::Borrowed<sys::Endpoint> endpoint, const abi::Progress& progress)
    {
        servers_[server].endpoint = endpoint;
        servers_[server].progress = &progress;
    }
    void watch(u32 server, u32 epoch, u64 cpu, bool starting)
    {
        servers_[server].watched = Watched::There::make(1) | Watched::Epoch::make(epoch)
                                   | Watched::Cpu::make(cpu)
                                   | Watched::Starting::make(starting ? 1 : 0);
    }
    void forget(u32 server) { servers_[server].watched = 0; }

    // The instance that is watched now hangs. Says so once.
    bool take_guilty(u32 server)
    {
        const u64 guilty = servers_[server].guilty.exchange(0);
        return guilty != 0 && guilty == servers_[server].watched;
    }

private:
    proto::table::Hang policy_;
    std::array<Server, proto::table::max_programs> servers_{};
};

// Of one CPU: when the host stops it, its servers stand still and the looks are late. What else
// runs there keeps a server from it, but not the looker.
class Lookout {
public:
    Lookout(Roll& roll, u64 cpu) : roll_{&roll}, cpu_{cpu}, pace_{roll.policy()} {}

    // What the worst of its servers does, if it has one. Who hangs is found guilty until nobody
    // watches it.
    Verdict look(abi::Ticks now)
    {
        const Timing timing = pace_.timing(now);
        Verdict worst = Verdict::nobody;
        for (u32 i = 0; i < seen_.size(); ++i)
            worst = std::max(worst, look_at(roll_->servers()[i], seen_[i], timing));
        return worst;
    }
    abi::Ticks due() const { return pace_.due(); }

private:
    struct Seen {
        u64 watched = 0;
        Stillness stillness;
    };

    Verdict look_at(Roll::Server& server, Seen& seen, Timing timing) const
    {
        const u64 watched = server.watched;
        if (watched == 0 || Watched::Cpu::get(watched) != cpu_)
            return Verdict::nobody;
        if (seen.watched != watched)
            seen = {.watched = watched, .stillness = {}};
        const Verdict verdict = Watched::Starting::get(watched) != 0
                                    ? seen.stillness.look_at_start(roll_->policy(), timing)
                                    : look_at_work(server, seen.stillness, timing);
        if (verdict == Verdict::hangs)
            server.guilty = watched;
        return verdict;
    }

    // A server that waits for a message works on nothing.
    Verdict look_at_work(const Roll::Server& server, Stillness& stillness, Timing timing) const
    {
        const u64 turn = __atomic_load_n(&server.progress->turn, __ATOMIC_RELAXED);
        const auto about = sys::info(server.endpoint);
        const bool works = about && about->served && !about->attended;
        return stillness.look(roll_->policy(), timing, turn, works);
    }

    Roll* roll_;
    u64 cpu_;
    Pace pace_;
    std::array<Seen, proto::table::max_programs> seen_{};
};

}  // namespace init
