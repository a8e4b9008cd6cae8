// memory/slab.hpp - kernel objects of one type, packed into frames. A frame without objects goes
// back at once, so that what a process leaves behind can be counted to the last frame.
//
// Invariant: a page is on the list iff it has a free place.
#pragma once

#include "arch/aarch64/tags.hpp"
#include "checks/refusal.hpp"
#include "memory/pool.hpp"

#include <memory>
#include <new>

#include <base/list.hpp>

namespace kernel {

template <class T>
class Slab {
public:
    constexpr Slab() = default;

    template <class... Args>
    Result<T*> make(Args&&... args)
    {
        if (checks::refused())
            return fail(Errc::no_memory);
        if (pages_.empty())
            if (const auto grown = grow(); !grown)
                return fail(grown.error());
        Page& page = *pages_.front();
        Place* const place = page.free;
        page.free = place->next;
        ++page.used;
        if (page.free == nullptr)
            pages_.remove(page);
        ++count_;
        return new (tags::tagged(place)) T(std::forward<Args>(args)...);
    }

    void destroy(T& object)
    {
        object.~T();
        --count_;
        auto* const place = tags::plain(reinterpret_cast<Place*>(&object));
        auto& page = *reinterpret_cast<Page*>(align_down(reinterpret_cast<u64>(place), page_bytes));
        if (page.free == nullptr)
            pages_.push_front(page);
        place->next = page.free;
        page.free = place;
        if (--page.used == 0) {
            pages_.remove(page);
            tags::take(&page);
            frames.free(physical(&page));
        }
    }

    u32 count() const { return count_; }

private:
    struct Place {
        Place* next;
    };
    struct Page : ListNode<Page> {
        Place* free = nullptr;
        u32 used = 0;
    };
    static constexpr u64 first = align_up(sizeof(Page), alignof(T));
    static constexpr u64 stride = align_up(sizeof(T), alignof(T));
    static_assert(sizeof(T) >= sizeof(Place) && first + stride <= page_bytes);

    Result<> grow()
    {
        const auto frame = take_kernel_frame();
        if (!frame)
            return fail(frame.error());
        auto* const page = new (direct(*frame)) Page;
        auto* const bytes = direct(*frame);
        tags::give(page);
        for (u64 at = tags::present() ? page_bytes - stride : first; at + stride <= page_bytes;
             at += stride) {
            auto* const place = new (bytes + at) Place{page->free};
            page->free = place;
        }
        pages_.push_front(*page);
        return {};
    }

    List<Page> pages_;
    u32 count_ = 0;
};

}  // namespace kernel
