/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/layout.h"

uint64_t layout_data_count(uint64_t size)
{
	if (size <= LAYOUT_START_SIZE)
		return 0;
	return (size - LAYOUT_START_SIZE - 1) / LAYOUT_NODE_SIZE + 1;
}

uint64_t layout_node_count(uint64_t size)
{
	uint64_t count = layout_data_count(size);
	return count ? layout_data_position(count - 1) + 1 : 1;
}

uint64_t layout_data_position(uint64_t data)
{
	return data + 2 + data / LAYOUT_MHT_DATA;
}

uint64_t layout_mht_position(uint64_t mht)
{
	return 1 + mht * (LAYOUT_MHT_DATA + 1);
}

uint64_t layout_mht_parent(uint64_t mht)
{
	return (mht - 1) / LAYOUT_MHT_CHILDREN;
}

unsigned layout_mht_slot(uint64_t mht)
{
	return (unsigned)(LAYOUT_MHT_DATA + (mht - 1) % LAYOUT_MHT_CHILDREN);
}

uint64_t layout_data_at(uint64_t offset)
{
	return (offset - LAYOUT_START_SIZE) / LAYOUT_NODE_SIZE;
}

uint64_t layout_data_offset(uint64_t data)
{
	return LAYOUT_START_SIZE + data * LAYOUT_NODE_SIZE;
}
