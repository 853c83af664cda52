/* What the driver of a thermometer promises to user space. */
#ifndef THERMO_H
#define THERMO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define THERMO_CHANNELS	4
#define THERMO_MILLI(celsius)	((celsius) * 1000)

/**
 * struct thermo_reading - what the sensor has measured
 * @time: nanoseconds since boot
 * @milli: thousandths of a degree, by channel
 * @valid: a bit for each channel
 */
struct thermo_reading {
	__aligned_u64 time;
	__s32 milli[THERMO_CHANNELS];
	__u8 valid:4, reserved:4;
};

#define THERMO_READ	_IOR('T', 1, struct thermo_reading)

#endif
