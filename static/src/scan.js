// Camera scanning of barcodes, beside typing and pasting.
