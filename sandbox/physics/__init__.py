"""What the sun, a household and a battery do: computed from a plant and a date, never stored."""
