"""Measured quality: images in, PSNR and SSIM out, in the field's exact conventions."""
