"""What macOS reads of the app bundle: the kinds of files it opens, and what it never asks for."""

from __future__ import annotations

from typing import Any

INFO: dict[str, Any] = {
    # PyInstaller asks the last executable of the folder, which has a console, and would hide the app from the Dock.
    "LSBackgroundOnly": False,
    "NSHighResolutionCapable": True,
    "NSRequiresAquaSystemAppearance": False,
    "LSMinimumSystemVersion": "13.0",
    "LSApplicationCategoryType": "public.app-category.medical",
    "CFBundleDocumentTypes": [
        {
            "CFBundleTypeName": "DICOM image",
            "CFBundleTypeRole": "Viewer",
            "LSHandlerRank": "Alternate",
            "LSItemContentTypes": ["org.nema.dicom"],
        },
    ],
    "UTImportedTypeDeclarations": [
        {
            "UTTypeIdentifier": "org.nema.dicom",
            "UTTypeDescription": "DICOM image",
            "UTTypeConformsTo": ["public.data"],
            "UTTypeTagSpecification": {
                "public.filename-extension": ["dcm", "dicom"],
                "public.mime-type": ["application/dicom"],
            },
        },
    ],
}
