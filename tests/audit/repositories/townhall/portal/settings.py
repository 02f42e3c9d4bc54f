"""Settings of the portal. Documentation: https://docs.djangoproject.com/"""
import os

ALLOWED_HOSTS = ["portal.townhall-lyon.fr", ".townhall-lyon.fr"]
SECRET_KEY = os.environ["SECRET_KEY"]
MAPS = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
ADDRESSES = "https://api-adresse.data.gouv.fr/search/"
# MAPS = "https://api.mapbox.com/v4/"
XML_NAMESPACE = "http://www.w3.org/2005/Atom"
CSP_IMG = ["'self'"]
