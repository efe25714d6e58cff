/* libFuzzer's entry into sniffing: any bytes are an answer, and a size that is there. */
#include "image/sniff.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct image_info info = {0};

	if (sniff_bytes(data, len, NULL, &info) == 0 && (info.width == 0 || info.height == 0)) {
		abort();
	}
	return 0;
}
