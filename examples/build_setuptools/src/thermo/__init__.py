"""Readings of a thermometer's driver."""

from __future__ import annotations

from thermo import abi

__all__ = ["celsius", "read"]


def read(device: int) -> abi.thermo_reading:
    """Ask the driver behind an open file."""
    return abi.ioctl(device, abi.THERMO_READ)


def celsius(reading: abi.thermo_reading) -> list[float | None]:
    """By channel; None for one that has no value."""
    return [
        reading.milli[channel] / abi.THERMO_MILLI(1) if reading.valid >> channel & 1 else None
        for channel in range(abi.THERMO_CHANNELS)
    ]
