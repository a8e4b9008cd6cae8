// init/looker.cpp - the thread of the looker.
#include "looker.hpp"

#include <array>

namespace init {

namespace {

constexpr auto order = abi::Bits::at(0);
constexpr u64 priority = 63;  // whoever is more important than the server does not delay a look

alignas(page_bytes) constinit std::array<std::byte, 2 * page_bytes> stack{};

}  // namespace

Result<> Looker::prepare()
{
    auto orders = sys::create_notification();
    if (!orders)
        return fail(orders.error());
    orders_ = std::move(*orders);
    auto thread = sys::spawn(self_, stack, &run, this, priority);
    if (!thread)
        return fail(thread.error());
    thread_ = std::move(*thread);
    return {};
}

Result<>
Looker::begin(sys::Borrowed<sys::Endpoint> endpoint, const abi::Progress& progress, u32 cpu)
{
    if (busy_)
        return fail(Errc::busy);
    if (const auto there = sys::move(thread_.borrow(), cpu); !there)
        return there;
    endpoint_ = endpoint;
    progress_ = &progress;
    busy_ = true;
    return sys::signal(orders_.borrow(), order);
}

void Looker::run(void* looker)
{
    auto& self = *static_cast<Looker*>(looker);
    while (sys::wait(self.orders_.borrow()))
        self.look();
}

// A server that waits for a message works nothing.
void Looker::look()
{
    const auto first = sys::info(endpoint_);
    Stillness stillness;
    for (auto verdict = Verdict::unknown; verdict == Verdict::unknown;) {
        const auto now = sys::info(endpoint_);
        const bool works =
            first && now && now->served && now->epoch == first->epoch && !now->attended;
        verdict =
            stillness.look(sys::now(), __atomic_load_n(&progress_->turn, __ATOMIC_RELAXED), works);
        verdict_ = verdict;
        if (verdict == Verdict::unknown)
            (void)sys::wait(orders_.borrow(), stillness.due());
    }
    (void)sys::signal(told_, bit);
}

}  // namespace init
