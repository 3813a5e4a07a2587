; The Windows installer, per user or per machine, with or without a window. Compiled by packaging/installer.py.
;
;   Negatoscope-0.1.0-cpu-setup.exe /S /CurrentUser          silent, for this user, without rights of an administrator
;   Negatoscope-0.1.0-cpu-setup.exe /S /AllUsers /D=C:\path  silent, for the machine
;
; Exit status: 0 done, 1 given up by the user, 2 nothing was changed (a running program, no room, no rights).

!ifndef PAYLOAD | SLASH | VERSION | FLAVOUR | OUT
  !error "Run packaging/installer.py, which says what to pack."
!endif
!if ${FLAVOUR} == "cpu"
  !define NAME "Negatoscope"
!else
  !define NAME "Negatoscope (${FLAVOUR})"
!endif
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define FILETYPE "Negatoscope.${FLAVOUR}.dicom"

Unicode true
SetCompressor /SOLID lzma
!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "UninstallString"
!define MULTIUSER_USE_PROGRAMFILES64
!include MultiUser.nsh
!include MUI2.nsh
!include LogicLib.nsh

Name "${NAME}"
OutFile "${OUT}"
BrandingText "Research use, not a medical device."
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Negatoscope, a viewer for chest radiographs"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"

; A running program can't be opened for writing: the window, or a training run in the background.
!macro RefuseWhileRunning
  !define ID ${__LINE__}
  ${If} ${FileExists} "$INSTDIR\Negatoscope.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\Negatoscope.exe" a
    IfErrors held_${ID}
    FileClose $0
    FileOpen $0 "$INSTDIR\negatoscope-cli.exe" a
    IfErrors held_${ID}
    FileClose $0
  ${EndIf}
  Goto free_${ID}
  held_${ID}:
    MessageBox MB_OK|MB_ICONEXCLAMATION "${NAME} is running, perhaps a training run in the background, or you may not write here. Close it, then do this again. Nothing was changed." /SD IDOK
    SetErrorLevel 2
    Quit
  free_${ID}:
  !undef ID
!macroend

Function .onInit
  !insertmacro MULTIUSER_INIT
FunctionEnd

Function un.onInit
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

; A full disk ends the unpacking: what was there before still stands.
Function .onInstFailed
  RMDir /r "$INSTDIR\incoming"
  RMDir "$INSTDIR"
  SetErrorLevel 2
FunctionEnd

!macro Replace what
  RMDir /r "$INSTDIR\${what}.old"
  Rename "$INSTDIR\${what}" "$INSTDIR\${what}.old"
  Rename "$INSTDIR\incoming\${what}" "$INSTDIR\${what}"
  RMDir /r "$INSTDIR\${what}.old"
!macroend

!macro ReplaceFile what
  Delete "$INSTDIR\${what}"
  Rename "$INSTDIR\incoming\${what}" "$INSTDIR\${what}"
!macroend

Section "Negatoscope"
  !insertmacro RefuseWhileRunning
  ; All of it is unpacked beside the old version, which is replaced only when the new one is whole.
  RMDir /r "$INSTDIR\incoming"
  SetOutPath "$INSTDIR\incoming"
  ClearErrors
  File /r "${PAYLOAD}${SLASH}*"
  ${If} ${Errors}
    Abort "There is not enough room, or you may not write here. Nothing was changed."
  ${EndIf}
  SetOutPath "$INSTDIR"
  !insertmacro Replace "_internal"
  !insertmacro Replace "licences"
  !insertmacro ReplaceFile "Negatoscope.exe"
  !insertmacro ReplaceFile "negatoscope-cli.exe"
  RMDir /r "$INSTDIR\incoming"
  WriteUninstaller "$INSTDIR\uninstall.exe"

  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\Negatoscope.exe"
  ; DICOM files can be opened with it; the program that opens them now stays the first.
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}" "" "DICOM image"
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}\DefaultIcon" "" "$INSTDIR\Negatoscope.exe,0"
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}\shell\open\command" "" '"$INSTDIR\Negatoscope.exe" "%1"'
  WriteRegStr SHCTX "Software\Classes\.dcm\OpenWithProgids" "${FILETYPE}" ""
  WriteRegStr SHCTX "Software\Classes\.dicom\OpenWithProgids" "${FILETYPE}" ""
  System::Call 'shell32::SHChangeNotify(i 0x8000000, i 0, p 0, p 0)'

  WriteRegStr SHCTX "${KEY}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${KEY}" "DisplayIcon" "$INSTDIR\Negatoscope.exe"
  WriteRegStr SHCTX "${KEY}" "Publisher" "The Negatoscope developers"
  WriteRegStr SHCTX "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${KEY}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD SHCTX "${KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${KEY}" "NoRepair" 1
SectionEnd

; By name, and never the whole folder: the user may have chosen one that holds more. The user's data stay.
Section "Uninstall"
  !insertmacro RefuseWhileRunning
  RMDir /r "$INSTDIR\_internal"
  RMDir /r "$INSTDIR\licences"
  Delete "$INSTDIR\Negatoscope.exe"
  Delete "$INSTDIR\negatoscope-cli.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegKey SHCTX "Software\Classes\${FILETYPE}"
  DeleteRegValue SHCTX "Software\Classes\.dcm\OpenWithProgids" "${FILETYPE}"
  DeleteRegValue SHCTX "Software\Classes\.dicom\OpenWithProgids" "${FILETYPE}"
  DeleteRegKey SHCTX "${KEY}"
  System::Call 'shell32::SHChangeNotify(i 0x8000000, i 0, p 0, p 0)'
SectionEnd
